#!/usr/bin/env bash
# Run: examples/stream/count.sh [URL]
#
# A generator: each line arrives when it is yielded, not when all are there.
set -euo pipefail
url=${1:-${OWT_URL:-http://127.0.0.1:9876}}

code=$(base64 -w 0 <<'PYTHON'
import time

def run(up_to):
    for number in range(1, up_to + 1):
        yield f"{number}\n"
        time.sleep(0.2)
PYTHON
)
kwargs=$(base64 -w 0 <<< '{"up_to": 5}')

curl -sS --fail-with-body --no-buffer "$url/count" \
    --json "{\"code_b64\": \"$code\", \"kwargs_b64\": \"$kwargs\"}"
