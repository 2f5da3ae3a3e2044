#!/usr/bin/env bash
# Run: examples/chat/meta.sh [URL]
#
# Prints a URL whose adaptor puts the page together anew from this folder's files each time: edit a
# file, reload, see. The server has to see the folder.
set -euo pipefail
url=${1:-${OWT_URL:-http://127.0.0.1:9876}}
here=$(cd "$(dirname "$0")" && pwd)

field() { base64 -w 0 | tr '+/' '-_' | tr -d '='; }
code=$(field < "$here/page.py")
kwargs=$(jq -n --arg folder "$here" '{$folder}' | field)
echo "$url/chat-page?code_b64=$code&kwargs_b64=$kwargs"
