#!/bin/sh
# What a container runs: api, worker, notifier or simulator, with its options; anything else is a command of pombo.
set -eu
case "${1:-}" in
  api | worker | notifier | simulator)
    app=$1
    shift
    ;;
  *) app=cli ;;
esac
# In place of the shell, so that signals reach it.
exec node "$(dirname "$0")/../../apps/$app/src/main.ts" "$@"
