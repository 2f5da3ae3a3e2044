#!/usr/bin/env bash
# Run: examples/echo/kwargs.sh [URL]
#
# A Python file, called with arguments in a JSON body.
set -euo pipefail
url=${1:-${OWT_URL:-http://127.0.0.1:9876}}
here=$(dirname "$0")

code=$(base64 -w 0 "$here/echo.py")
kwargs=$(base64 -w 0 <<< "{'name': 'owt'}")

curl -sS --fail-with-body "$url/hello" --json "{\"code_b64\": \"$code\", \"kwargs_b64\": \"$kwargs\"}"
