#!/usr/bin/env bash
# Run: examples/echo/script.sh [URL]
#
# A shell script that carries its own Python.
set -euo pipefail
url=${1:-${OWT_URL:-http://127.0.0.1:9876}}

code=$(base64 -w 0 <<'PYTHON'
def run(name):
    return f"Hello, {name}!\n"
PYTHON
)
kwargs=$(base64 -w 0 <<< '{"name": "owt"}')

curl -sS --fail-with-body "$url/hello" --json "{\"code_b64\": \"$code\", \"kwargs_b64\": \"$kwargs\"}"
