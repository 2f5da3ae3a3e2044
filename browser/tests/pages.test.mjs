// node --test tests/pages.test.mjs
//
// Pages that may call: owt's own, those of an allowed origin; and those that adaptors return
// when they are kept apart.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before } from 'node:test';

import { attackPage, repelled } from '../support/attack.mjs';
import { launch, test, visit } from '../support/chromium.mjs';
import { base64, callPath, Owt, SECRET } from '../support/owt.mjs';
import { openAndRun } from '../support/run-page.mjs';
import { Site } from '../support/site.mjs';

let owt, apart, friend, stranger, browser;
before(async () => {
  [friend, stranger] = await Promise.all([Site.start(), Site.start()]);
  const allowed = ['127.0.0.1', 'evil.test'].map((name) => `http://${name}:${friend.port}`);
  [owt, apart, browser] = await Promise.all([
    Owt.start('--allow-host', 'owt.lan', '--allow-origin', allowed.join(',')),
    Owt.start('--allow-host', 'owt.lan', '--sandbox-pages'),
    launch(),
  ]);
});
after(() => Promise.all([owt, apart, friend, stranger].map((one) => one.stop())));
after(() => browser.close());

/** A page that calls by JSON and by GET; `answers` resolves to what it could read. */
function callingPage(owt, base, canary) {
  const get = base + callPath('/get', owt.code(`${canary}-get`));
  const code = base64(owt.code(`${canary}-post`));
  return `<!doctype html><script>
    const read = (asked) => asked.then((response) => response.text()).catch(String);
    const headers = { 'content-type': 'application/json' };
    const body = JSON.stringify({ code_b64: ${JSON.stringify(code)} });
    const answers = Promise.all([
      read(fetch(${JSON.stringify(get)})),
      read(fetch(${JSON.stringify(`${base}/post`)}, { method: 'POST', headers, body })),
    ]);
  </script>`;
}

const ran = (owt, canary) => [owt.ran(`${canary}-get`), owt.ran(`${canary}-post`)];

for (const name of ['127.0.0.1', 'localhost', 'owt.lan']) {
  test(`a page that an adaptor returned calls: ${name}`, async (t) => {
    const html = callingPage(owt, '', name);
    const page = await visit(t, browser);
    await openAndRun(page, owt.at(name) + callPath('/app', owt.page(html)));
    for (const text of await page.evaluate('answers')) assert.match(text, new RegExp(SECRET));
    assert.deepEqual(ran(owt, name), [true, true]);
  });
}

test('an EventSource reads any text as it was sent', async (t) => {
  const place = new URL('../../clients/vectors/texts.json', import.meta.url);
  const json = readFileSync(place, 'utf8');
  const code = `import base64, json
texts = json.loads(base64.b64decode('${base64(json)}'))
def run(): return sse([*texts, '(the end)'])`;
  const html = `<!doctype html><script>
    const texts = new Promise((done, fail) => {
      const seen = [];
      const source = new EventSource(${JSON.stringify(callPath('/events', code))});
      source.onmessage = ({ data }) => {
        if (data !== '(the end)') return seen.push(data);
        source.close();
        done(seen);
      };
      source.onerror = () => fail(new Error('the stream broke'));
    });
  </script>`;
  const page = await visit(t, browser);
  await openAndRun(page, owt.at('127.0.0.1') + callPath('/app', owt.page(html)));
  const wanted = JSON.parse(json).map((text) => text.replace(/\r\n?/g, '\n'));
  assert.deepEqual(await page.evaluate('texts'), wanted);
});

for (const base of ['127.0.0.1', 'owt.lan']) {
  for (const name of ['127.0.0.1', 'evil.test']) {
    test(`a page of ${name} calls ${base} where its origin is allowed, else not`, async (t) => {
      const attempt = async (site, canary) => {
        const html = callingPage(owt, owt.at(base), canary);
        const page = await visit(t, browser, site.page(name, `/${canary}`, html));
        return page.evaluate('answers');
      };
      const canary = `${name}-${base}`;
      for (const text of await attempt(stranger, `stranger-${canary}`)) {
        assert.match(text, /Failed to fetch/);
      }
      assert.deepEqual(ran(owt, `stranger-${canary}`), [false, false]);
      for (const text of await attempt(friend, `friend-${canary}`)) {
        assert.match(text, new RegExp(SECRET));
      }
      assert.deepEqual(ran(owt, `friend-${canary}`), [true, true]);
    });
  }
}

for (const name of ['127.0.0.1', 'owt.lan']) {
  test(`with --sandbox-pages a page's script runs and reaches nothing: ${name}`, async (t) => {
    const html = attackPage(apart, apart.at(name), name);
    const page = await visit(t, browser);
    await openAndRun(page, apart.at(name) + callPath('/page', apart.page(html)));
    await repelled(page, apart, name);
    // Nor does it learn anything of what is no call.
    assert.match(await page.evaluate(() => fetch('/').then(String, String)), /Failed to fetch/);
    const cookies = page.evaluate(() => document.cookie);
    await assert.rejects(cookies, /The document is sandboxed/);
  });
}

test('what a stream says before it is cut arrives', async (t) => {
  const code = `
def events(size):
    yield 'data: ' + 'x' * size + '\\n\\n'
    raise RuntimeError('no more')

def run(size):
    return stream(events(size), 'text/event-stream')`;
  const page = await visit(t, browser, owt.url);
  for (const size of [10, 100_000]) {
    const url = callPath('/cut', code, { kwargs: `{"size": ${size}}` });
    const heard = await page.evaluate(async (url) => {
      const all = [];
      while (all.length < 10) {
        const reader = (await fetch(url)).body.pipeThrough(new TextDecoderStream()).getReader();
        let text = '';
        try {
          for (let piece; !(piece = await reader.read()).done;) text += piece.value;
        } catch (error) {
          all.push(`${text.slice(-2000)} ${error}`);
        }
      }
      return all;
    }, url);
    for (const text of heard) assert.match(text, /event: error\ndata: .*no more.*network error/s);
  }
});
