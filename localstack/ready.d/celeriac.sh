#!/bin/bash
# LocalStack in Docker runs this as soon as it answers: it creates what the mounted manifest asks
# for.
set -eu
# Set only where this does not run in LocalStack's image.
home=${CELERIAC_HOME:-/etc/celeriac}
python=${CELERIAC_PYTHON:-/opt/code/localstack/.venv/bin/python}
url=${CELERIAC_EMULATOR_URL:-http://127.0.0.1:4566}
# A function's container knows LocalStack by this name.
function_url=${CELERIAC_FUNCTION_URL:-http://localhost.localstack.cloud:4566}

# Without CELERIAC_BOOTSTRAP, compose.yaml mounts /dev/null there.
if [ -f "$home/bootstrap" ]; then
  function=(--binary "$home/bootstrap" --function-url "$function_url")
else
  function=(--no-function)
fi
exec "$python" "$home/localstack/up" --emulator "$url" --manifest "$home/manifest.json" "${function[@]}"
