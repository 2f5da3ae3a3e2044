// node --test tests/problems.test.mjs
//
// A URL that fails in a browser is told of in a page; programs read JSON or text as ever.

import assert from 'node:assert/strict';
import { after, before } from 'node:test';

import { accessible } from '../support/axe.mjs';
import { launch, test, visit } from '../support/chromium.mjs';
import { callPath, Owt } from '../support/owt.mjs';
import { openAndRun, pressRun } from '../support/run-page.mjs';

let owt, browser;
before(async () => {
  [owt, browser] = await Promise.all([Owt.start(), launch()]);
});
after(() => owt.stop());
after(() => browser.close());

const HEAD = `import time\n${'# a line\n'.repeat(30)}`;
const RAISES = `${HEAD}def run(name):
    return greet(name)

def greet(name):
    raise ValueError(f"{name} </pre><script>globalThis.pwned = 1</script> \u202e")
`;

test('what an adaptor raises is a page with the line, and runs again', async (t) => {
  const page = await visit(t, browser);
  const kwargs = '{"name": "<b>you</b>"}';
  const url = owt.url + callPath('/fails', RAISES, { kwargs });
  const response = await openAndRun(page, url);
  assert.equal(response.status(), 500);
  assert.match(response.headers()['content-type'], /^text\/html/);
  const policy = response.headers()['content-security-policy'];
  assert.match(policy, /^default-src 'none'; style-src 'nonce-/);
  assert.ok(!policy.includes('unsafe'));
  assert.equal(await page.textContent('h1'), 'ValueError');
  assert.match(await page.textContent('.detail'), /<b>you<\/b> <\/pre><script>.*U\+202E/);
  assert.match(await page.textContent('.fault'), /raise ValueError/);
  assert.equal(await page.locator('.listing li').count(), 13);
  assert.match(await page.textContent('pre.traceback'), /line 33, in run[^]*line 36, in greet/);
  assert.match(await page.textContent('body'), /line 36 of 36/);
  assert.equal(await page.evaluate('globalThis.pwned'), undefined);
  // Colours, which the policy lets in.
  await page.waitForSelector('.listing .is-keyword');
  await accessible(page);
  assert.equal(await page.locator('#run').getAttribute('disabled'), null);
  const again = await pressRun(page, () => page.click('#run'));
  assert.equal(again.url(), url);
  assert.equal(again.status(), 500);
  await page.click('a:text-is("Edit")');
  await page.waitForSelector('#notice:visible');
  assert.equal(await page.inputValue('#code'), RAISES);
  assert.equal(await page.inputValue('#kwargs'), kwargs);
});

test('a press that was meant for the window before does not run it again', async (t) => {
  const page = await visit(t, browser);
  const code = `${owt.code('again')}\nrun = lambda: 1 / 0\n`;
  await openAndRun(page, owt.url + callPath('/again', code));
  assert.match(await (await page.reload()).text(), /<button id="run" disabled>Run again/);
  const pressed = await page.evaluate(() => {
    dispatchEvent(new Event('blur'));
    document.getElementById('run').click();
    return document.getElementById('run').disabled;
  });
  assert.ok(pressed);
});

for (const [what, path, status, title, words] of [
  ['no code', '/nothing', 400, 'The call could not be read', /`code` is missing/],
  ['no page', '/_owt/nothing', 404, 'Nothing there', /nothing at \/_owt\/nothing/],
  [
    'a field',
    callPath('/x', 'def run(): pass', { timeout: 'soon' }),
    400,
    'The call could not be read',
    /field\s*timeout/,
  ],
]) {
  test(`a page tells of ${what}, and offers nothing to run`, async (t) => {
    const page = await visit(t, browser);
    const response = await page.goto(owt.url + path);
    assert.equal(response.status(), status);
    assert.equal(await page.textContent('h1'), title);
    assert.match(await page.textContent('body'), words);
    assert.match(await page.textContent('body'), /What to do/);
    assert.equal(await page.locator('button, form').count(), 0);
    await accessible(page);
    await page.click('a:text-is("Write a call")');
    await page.waitForSelector('#app:visible');
  });
}

for (const [what, code, status, title, line] of [
  ['a mistake of syntax', 'def run():\n    return 1 +\n', 422, 'The code is not runnable', 2],
  [
    'a result that has no form',
    'def run():\n    return object()\n',
    500,
    'The result cannot be sent',
  ],
  ['a death', 'import os\ndef run(): os.abort()', 502, 'The worker died'],
]) {
  test(`a page tells of ${what}`, async (t) => {
    const page = await visit(t, browser);
    const response = await openAndRun(page, owt.url + callPath('/x', code));
    assert.equal(response.status(), status);
    assert.equal(await page.textContent('h1'), title);
    assert.equal(await page.locator('.fault').count(), line ? 1 : 0);
    assert.match(await page.locator('.listing').innerText(), /def run/);
  });
}

test('programs read JSON or text, pages of ours too', async (t) => {
  const path = callPath('/fails', RAISES, { kwargs: '{"name": 1}' });
  for (const [headers, type] of [
    [{}, 'application/problem+json'],
    [{ Accept: '*/*' }, 'application/problem+json'],
    [{ Accept: 'application/json, text/html' }, 'application/problem+json'],
    [{ Accept: 'text/plain' }, 'text/plain; charset=utf-8'],
  ]) {
    const response = await fetch(owt.url + path, { headers });
    assert.equal(response.headers.get('content-type'), type, JSON.stringify(headers));
  }
  const page = await visit(t, browser, owt.url);
  const type = await page.evaluate(async (url) => {
    const response = await fetch(url, { headers: { Accept: 'text/html' } });
    return response.headers.get('Content-Type');
  }, path);
  assert.equal(type, 'application/problem+json');
});

test('there is an icon, unless a call is sent there', async () => {
  const icon = await fetch(`${owt.url}/favicon.ico`);
  assert.equal(icon.headers.get('content-type'), 'image/x-icon');
  assert.equal((await icon.arrayBuffer()).slice(0, 4).byteLength, 4);
  const call = await fetch(owt.url + callPath('/favicon.ico', 'lambda: "mine"'));
  assert.equal(await call.text(), 'mine');
});
