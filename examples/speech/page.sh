#!/usr/bin/env bash
# Run: examples/speech/page.sh [URL]
#
# Prints a URL that is the speech page: all of it is in the URL, the server needs no file of it.
set -euo pipefail
url=${1:-${OWT_URL:-http://127.0.0.1:9876}}
cd "$(dirname "$0")"

code=$(python3 -B -c 'import page; print(page.frozen("."), end="")' | base64 -w 0 | tr '+/' '-_' | tr -d '=')
path=/speech?code_b64=$code
if [ ${#path} -gt 65534 ]; then
    echo "the page makes a URL of ${#path} bytes; owt takes 65,534" >&2
    exit 1
fi
echo "$url$path"
