#!/usr/bin/env bash
# Run: examples/echo/query.sh [URL]
#
# Everything in the query string: such a URL can be kept, linked and opened.
set -euo pipefail
url=${1:-${OWT_URL:-http://127.0.0.1:9876}}
here=$(dirname "$0")

curl -sS --fail-with-body -G "$url/hello" \
    --data-urlencode "code_b64=$(base64 -w 0 "$here/echo.py")" \
    --data-urlencode "kwargs_b64=$(base64 -w 0 <<< "{'name': 'owt'}")"
