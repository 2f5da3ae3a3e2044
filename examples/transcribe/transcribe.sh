#!/usr/bin/env bash
# Run: examples/transcribe/transcribe.sh FILE.wav
#
# Prints what is said, piece by piece as it is understood. Needs curl and jq.
set -euo pipefail
url=${OWT_URL:-http://127.0.0.1:9876}
here=$(dirname "$0")

# The call is in the query, so that the body is the audio.
code=$(base64 -w 0 "$here/transcribe.py" | tr '+/' '-_')

curl -sS --fail-with-body --no-buffer -X POST -T "$1" \
    "$url/transcribe?fn_name=segments&code_b64=$code" |
    jq --unbuffered -rR '. as $line | try fromjson.text catch $line'
