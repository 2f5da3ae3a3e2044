#!/usr/bin/env bash
# Run: examples/summat/upper.sh [URL]
#
# A pipeline instead of a function: opens a file below the folder given to
# root_dir, and nothing outside it, and shouts it.
set -euo pipefail
url=${1:-${OWT_URL:-http://127.0.0.1:9876}}
here=$(cd "$(dirname "$0")" && pwd)

code=$(base64 -w 0 <<PYTHON
kwarg('path')
    .open(root_dir='$here')
    .bytes()
    .f(lambda content: content.decode().upper())
PYTHON
)
kwargs=$(base64 -w 0 <<< '{"path": "upper.sh"}')

curl -sS --fail-with-body "$url" --json "{\"code_b64\": \"$code\", \"kwargs_b64\": \"$kwargs\"}"
