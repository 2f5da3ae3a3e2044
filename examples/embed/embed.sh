#!/usr/bin/env bash
# Run: examples/embed/embed.sh SENTENCE OTHER...
#
# How near each other sentence is to the first in meaning. Needs curl and jq.
set -euo pipefail
url=${OWT_URL:-http://127.0.0.1:9876}
here=$(dirname "$0")

code=$(base64 -w 0 "$here/embed.py")
sentences=$(printf '%s\n' "$@" | jq -nR '[inputs]')
kwargs=$(printf '%s' "{\"sentences\": $sentences}" | base64 -w 0)

curl -sS --fail-with-body "$url/embed" --json "{\"code_b64\": \"$code\", \"kwargs_b64\": \"$kwargs\"}" |
    jq -r --argjson sentences "$sentences" '
        .[0] as $first | [.[1:], $sentences[1:]] | transpose[] | . as [$other, $text]
        | [$first, $other] | transpose | map(.[0] * .[1]) | add * 100 + 0.5 | floor
        | "\(.)% \($text)"'
