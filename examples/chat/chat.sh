#!/usr/bin/env bash
# Run: examples/chat/chat.sh [PROMPT [SEED]]
#
# Asks the model, and prints each token as it is made. Ctrl-C stops it.
set -euo pipefail
url=${OWT_URL:-http://127.0.0.1:9876}
here=$(dirname "$0")

jq -n --arg prompt "${1-Why is the sea salty?}" --argjson seed "${2:-1}" --rawfile code "$here/chat.py" \
    '{code_b64: $code | @base64, kwargs_b64: {$prompt, $seed} | tojson | @base64}' |
curl -sS --fail-with-body --no-buffer "$url/chat" --json @-
echo
