#!/usr/bin/env bash
# Run: examples/speech/speech.sh TEXT FOLDER [VARIATION]
#
# Saves each sentence as a WAV file as soon as it is spoken. VARIATION 0 says it the same each time.
# Needs curl and jq.
set -euo pipefail
url=${OWT_URL:-http://127.0.0.1:9876}
text=$1 folder=$2
here=$(dirname "$0")
mkdir -p "$folder"

jq -n --arg text "$text" --argjson variation "${3:-1}" --rawfile code "$here/speech.py" \
    '{code_b64: $code | @base64, kwargs_b64: {$text, $variation} | tojson | @base64}' |
curl -sS --fail-with-body --no-buffer "$url/speech" --json @- |
while IFS= read -r line; do
    case $line in
    'event: '*) event=${line#event: } ;;
    'data: '*)
        data=${line#data: }
        if [ "$event" = error ]; then jq -r .detail <<< "$data" >&2; exit 1; fi
        [ "$event" = sentence ] || continue
        path=$folder/$(printf %03d "$(jq .index <<< "$data")").wav
        jq -r .wav <<< "$data" | base64 -d > "$path"
        echo "$path $(jq -r .text <<< "$data")" ;;
    '') ;;
    *) echo "$line" >&2 ;; # what the server says instead
    esac
done
