#!/bin/sh
# Fills NODE_COMPILE_CACHE with what the processes load: each is run without what it needs, and ends with a refusal. Node keeps what
# it compiled by user, by path and by kind of processor: whatever differs where the image runs is compiled there, as without it.
set -eu
apps="$(dirname "$0")/../../apps"
for app in api worker notifier; do
  POMBO_REDIS_URL=none node "$apps/$app/src/main.ts" >/dev/null 2>&1 || true
done
node "$apps/simulator/src/main.ts" --none >/dev/null 2>&1 || true
node "$apps/cli/src/main.ts" --help >/dev/null
