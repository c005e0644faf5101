#!/bin/bash
# The recipe of the image, step by step and without a container engine: what is tracked, production packages only, the pages of the
# console, then each process as a user without rights, on a tree that can't be written, with only the data folder to itself.
#
#   ops/image/try-recipe.sh REDIS_URL [FOLDER]     as root, on Linux; REDIS_URL: a Redis that may be written to
set -euo pipefail
redis=${1:?name a Redis: redis://…}
folder=${2:-$(mktemp -d)}
root=$(cd "$(dirname "$0")/../.." && pwd)
pnpm=$(sed -n 's/.*"packageManager": "\(.*\)".*/\1/p' "$root/package.json")
tree=$folder/pombo
data=$folder/data
node=$root/node_modules/node/bin/node
say() { echo "• $*"; }

say "the tree that is copied, from what is tracked"
mkdir -p "$tree"
git -C "$root" archive HEAD package.json pnpm-lock.yaml pnpm-workspace.yaml tsconfig.base.json packages apps ops/image | tar -x -C "$tree"

say "the pages of the console"
if [ -f "$tree/apps/console/build.mjs" ]; then
  mkdir -p "$folder/console"
  cp -r "$tree/." "$folder/console"
  (cd "$folder/console" && CI=true npx --yes "$pnpm" install --frozen-lockfile --prefer-offline --filter "@pombo-app/console..." >"$folder/console.log" 2>&1 && PATH=$(dirname "$node"):$PATH node apps/console/build.mjs >>"$folder/console.log" 2>&1)
fi

say "production packages"
(cd "$tree" && CI=true npx --yes "$pnpm" install --prod --frozen-lockfile --prefer-offline >"$folder/install.log" 2>&1)
[ ! -d "$folder/console/apps/console/dist" ] || cp -r "$folder/console/apps/console/dist" "$tree/apps/console/"
for unwanted in vitest typescript oxlint; do
  [ ! -e "$tree/node_modules/$unwanted" ] || { echo "✗ $unwanted is in the image"; exit 1; }
done
mkdir -p "$tree/bin"
cp "$node" "$tree/bin/node"

say "compiled by the user who runs it"
chmod 755 "$folder"
install -d -o 1000 -g 1000 "$tree/compiled"
(cd "$tree" && setpriv --reuid=1000 --regid=1000 --clear-groups env -i PATH="$tree/bin:/usr/bin:/bin" NODE_COMPILE_CACHE="$tree/compiled" ops/image/compile.sh)

say "nothing of it is writable, the data folder is ours"
chown -R root:root "$tree"
chmod -R go+rX,a-w "$tree"
install -d -o 1000 -g 1000 -m 700 "$data" "$data/media" "$data/media/incoming"

# In a mount namespace of its own: the tree read-only, also for who would have rights.
launch() {
  exec unshare --mount -- bash -c '
    mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && cd "$0"
    exec setpriv --reuid=1000 --regid=1000 --clear-groups --no-new-privs --inh-caps=-all --bounding-set=-all -- "$@"
  ' "$tree" env -i PATH="$tree/bin:/usr/bin:/bin" NODE_ENV=production POMBO_ENV=development POMBO_REDIS_URL="$redis" \
    POMBO_HOST=127.0.0.1 POMBO_PORT=39300 POMBO_METRICS_PORT="${metrics:-39301}" POMBO_DRAIN_MS=0 \
    POMBO_MEDIA_FOLDER="$data/media" TMPDIR="$data/media/incoming" NODE_COMPILE_CACHE="$tree/compiled" \
    POMBO_CREDENTIALS_KEY="k1:$(head -c 32 /dev/zero | base64)" "$@"
}
run() { (launch "$@"); }

if run sh -c "echo x > $tree/written" 2>/dev/null; then echo "✗ the tree can be written"; exit 1; fi
[ "$(run id -u)" = 1000 ] || { echo "✗ not the user"; exit 1; }
run env NODE_DEBUG_NATIVE=COMPILE_CACHE POMBO_REDIS_URL=none sh ops/image/run.sh api >"$folder/compiled.log" 2>&1 || true
if ! grep -q "was accepted" "$folder/compiled.log" || grep -q "no such file or directory" "$folder/compiled.log"; then
  echo "✗ what was compiled is not used"
  exit 1
fi

failed=0
for app in api worker notifier; do
  launch sh ops/image/run.sh "$app" >"$folder/$app.log" 2>&1 &
  pid=$!
  well=no
  for _ in $(seq 1 120); do
    if run node ops/image/healthy.mjs "$app" 2>/dev/null; then well=yes; break; fi
    kill -0 "$pid" 2>/dev/null || break
    sleep 1
  done
  kill -TERM "$pid" 2>/dev/null || true
  code=0
  wait "$pid" || code=$?
  if [ "$well" = yes ] && [ "$code" = 0 ]; then say "$app is healthy, and ends with 0"; else
    failed=1
    echo "✗ $app: healthy: $well, ended with $code"
    tail -3 "$folder/$app.log"
  fi
done
say "a command: $(run sh ops/image/run.sh errors SEND_FAILED | head -1)"
say "the size of the tree: $(du -sh "$tree" | cut -f1)"
exit $failed
