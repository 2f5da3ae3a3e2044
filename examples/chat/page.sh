#!/usr/bin/env bash
# Run: examples/chat/page.sh [URL]
#
# Prints a URL that is the chat page: all of it is in the URL, the server needs no file of it.
set -euo pipefail
url=${1:-${OWT_URL:-http://127.0.0.1:9876}}
cd "$(dirname "$0")"

code=$(python3 -B -c 'import page; print(page.frozen("."), end="")' | base64 -w 0 | tr '+/' '-_' | tr -d '=')
echo "$url/chat-page?code_b64=$code"
