"""A web page that calls the server it came from, with Python of its own."""

PAGE = """<!doctype html>
<meta charset="utf-8">
<title>owt: a page from a request</title>
<style>body { font: 1rem/1.5 system-ui; max-width: 40rem; margin: 3rem auto }</style>
<h1>Which primes are below…</h1>
<p><input id="limit" type="number" value="100" min="2" max="100000"> <button>Ask Python</button>
<p id="answer"></p>
<script>
const code = `
def run(limit):
    sieve = [True] * limit
    for n in range(2, int(limit ** 0.5) + 1):
        if sieve[n]:
            sieve[n * n::n] = [False] * len(range(n * n, limit, n))
    return [n for n in range(2, limit) if sieve[n]]
`;
async function ask() {
  const answer = document.querySelector("#answer");
  const limit = Number(document.querySelector("#limit").value);
  const response = await fetch("/primes", {
    method: "POST",
    headers: {"Content-Type": "application/json"},
    body: JSON.stringify({code_b64: btoa(code), kwargs_b64: btoa(JSON.stringify({limit}))}),
  });
  const body = await response.json();
  answer.textContent = response.ok ? body.join(", ") : body.detail;
}
document.querySelector("button").addEventListener("click", ask);
</script>
"""


def run():
    return PAGE
