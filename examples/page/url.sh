#!/usr/bin/env bash
# Run: examples/page/url.sh [URL]
#
# Prints a URL that is a web page: no server was told about it before.
set -euo pipefail
url=${1:-${OWT_URL:-http://127.0.0.1:9876}}
here=$(dirname "$0")

curl -sS --fail-with-body -G "$url/primes" -o /dev/null -w '%{url}\n' \
    --data-urlencode "code_b64=$(base64 -w 0 "$here/page.py")"
