# The column of `owt call` in docs/clients.md: each row's lines, which print what they print in every language.
# It is run with OWT_URL and a folder to write into.
set -eu
cd "$1"
tell() { printf '%s : %s\n' "$1" "$2"; }

# named arguments
code="def run(n, name): return f'{name} {n}'"
tell "named arguments" "$(owt call --code "$code" n:=2 name=a)"

# one value
tell "one value" "$(owt call --code "lambda x: f'{x + 1}'" 16)"

# bytes
tell "bytes" "$(owt call --code "lambda x: f'{type(x).__name__} {len(x)}'" --arg x "b'ab'")"

# Python of your own
tell "Python of your own" "$(owt call --code "lambda x: f'{x:,}'" --kwargs '2**64')"

# JSON
tell "JSON" "$(owt call --code "lambda: {'a': [1, None]}" --json)"

# text
tell "text" "$(owt call --code "lambda: 'grüß'")"

# raw bytes
owt call --code "lambda: b'\\xff\\x00'" -o raw
tell "raw bytes" "$(wc -c < raw)"

# a stream
code="def run():
    yield 'a'
    yield 'b'"
tell "a stream" "$(owt call --code "$code")"

# a body
printf ab > data
code="lambda: f'{request.data!r} {request.content_type}'"
tell "a body" "$(owt call --code "$code" --data data -H 'Content-Type: text/plain')"

# files
printf one > a.txt
printf two > b.txt
code="lambda: ' '.join(file.read().decode() for file in request.files.values())"
tell "files" "$(owt call --code "$code" --file a=a.txt --file b=b.txt)"

# another function
tell "another function" "$(owt call --code "def go(): return 'gone'" --fn-name go)"

# a kept result
code="import uuid
def run(): return str(uuid.uuid4())"
kept() { owt call --code "$code" --use-cache; echo; }
tell "a kept result" "$({ kept; kept; } | sort -u | wc -l)"

# a deadline
code="import time
def run(): time.sleep(60)"
if ! late=$(owt call --code "$code" --timeout 0.3 2>&1); then
    tell "a deadline" "$(expr "$late" : '.*(\(504\))')"
fi

# a limit on connecting
tell "a limit on connecting" "$(owt call --code "lambda: 'in time'" --connect-timeout 5)"

# a limit on silence
tell "a limit on silence" "$(owt call --code "lambda: 'in time'" --idle-timeout 60)"

# retries
tell "retries" "$(owt call --code "lambda: 'once'" --retries 3)"

# headers
tell "headers" "$(owt call --code "lambda: request.headers['X-Tenant']" -H 'X-Tenant: a')"

# a token
tell "a token" "$(owt call --code "lambda: request.headers['Authorization']" --token a-token)"

# the URL
url=$(owt encode --code 'f(abs)' -- -1)
tell "the URL" "${url#*\?}"
