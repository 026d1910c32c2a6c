#!/bin/sh
# The command omega of the image. The heap of a worker's supervisor is to fit its container, of which V8 knows too little, and is
# set before it starts; what executors may take it works out itself.
set -eu
app=/app/dist
if [ "${1:-}" = worker ]; then
  # shellcheck disable=SC2046
  exec node $(NODE_OPTIONS="" node "$app/workers/supervisor-heap.js" "${NODE_OPTIONS:-}") "$app/src/cli/main.js" "$@"
fi
exec node "$app/src/cli/main.js" "$@"
