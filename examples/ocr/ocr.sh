#!/usr/bin/env bash
# Run: examples/ocr/ocr.sh PICTURE
#
# Prints each line of text in the picture, with its upper left corner. Needs curl and jq.
set -euo pipefail
url=${OWT_URL:-http://127.0.0.1:9876}
here=$(dirname "$0")

# The call is in the query, so that the body is the picture.
code=$(base64 -w 0 "$here/ocr.py" | tr '+/' '-_')

curl -sS --fail-with-body -X POST -T "$1" "$url/ocr?code_b64=$code" |
    jq -rR '. as $answer | try (fromjson.lines[] | "\(.box[0][0]),\(.box[0][1]) \(.text)") catch $answer'
