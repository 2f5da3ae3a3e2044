#!/usr/bin/env bash
# Run: examples/nested/nested.sh [URL]
#
# owt inside owt: the request brings Python that starts a server, and sends that
# one the same request, five layers deep. Uses the five ports after the server's.
set -euo pipefail
url=${1:-${OWT_URL:-http://127.0.0.1:9876}}
here=$(dirname "$0")

code=$(base64 -w 0 "$here/nested.py")
kwargs=$(base64 -w 0 <<PYTHON
{"layers": 5, "code": __import__("base64").b64decode("$code").decode()}
PYTHON
)

curl -sS --fail-with-body "$url/nested" --json "{\"code_b64\": \"$code\", \"kwargs_b64\": \"$kwargs\"}"
