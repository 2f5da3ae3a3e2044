// node --test tests/shown.test.mjs
//
// What a link brings runs as it is shown: byte for byte, and all of it.

import assert from 'node:assert/strict';
import { after, before } from 'node:test';

import { launch, test, visit } from '../support/chromium.mjs';
import { run, write } from '../support/landing.mjs';
import { base64, callPath, Owt } from '../support/owt.mjs';

let owt, browser;
before(async () => {
  [owt, browser] = await Promise.all([Owt.start(), launch()]);
});
after(() => owt.stop());
after(() => browser.close());

const link = (call) => `${owt.url}/#${new URLSearchParams(call)}`;

/** What the page draws, which is not what its fields hold. */
const drawn = (page, id) =>
  page
    .locator(`#${id} .line`)
    .evaluateAll((lines) =>
      lines.map(({ textContent }) => textContent.replace(/^\u200b$/, '')).join('\n'),
    );

/** Opens a link, presses Run, and gives what was drawn and what the server was sent, both decoded. */
async function sent(t, call) {
  const page = await visit(t, browser, link(call));
  const [code, kwargs] = [await drawn(page, 'lines'), await drawn(page, 'kwargs-lines')];
  const path = await page.inputValue('#path');
  const posts = [];
  page.on('request', (request) => {
    const isFile = request.method() === 'GET' && request.url().includes('/_owt/');
    if (!isFile) posts.push(request);
  });
  await run(page);
  const calls = posts.map((request) => {
    const url = new URL(request.url());
    const { code_b64, kwargs_b64 = '', ...rest } = request.postDataJSON() ?? {};
    const [sentCode, sentKwargs] = [code_b64, kwargs_b64].map((text = '') =>
      Buffer.from(text, 'base64').toString(),
    );
    return { path: url.pathname + url.search, code: sentCode, kwargs: sentKwargs, rest };
  });
  return { page, shown: { code, kwargs, path }, calls };
}

const HARMLESS = 'def run(**given):\n    return "harmless"\n';
const MANY = '\n'.repeat(60);

for (const [what, call] of Object.entries({
  'arguments far behind empty lines': {
    code: HARMLESS,
    kwargs: `{"name": "world"${MANY}, **({} if len("evil") else {})}`,
  },
  'arguments far behind spaces': { code: HARMLESS, kwargs: `{"a": 1,${' '.repeat(900)}"b": 2}` },
  'code far behind empty lines': { code: `${HARMLESS}${MANY}evil = 1\n` },
  'characters that nobody sees': { code: `${HARMLESS}# \u202e\u2066\u200b\ufeff\u00ad\n` },
  'line ends of all kinds': { code: `def run():\r\n    return 1\r# \u2028 \u0085\n` },
  'one line that looks like the place of a file': { code: 'lambda: 1 # x.py' },
  'a query of the adaptor’s own': { code: HARMLESS, path: '/a/b?x=1&y=%20z&codes=1' },
  'what is not said': { code: HARMLESS, fnName: 'run', timeout: '30', useCache: 'true' },
})) {
  test(`what is sent is what is shown: ${what}`, async (t) => {
    const { shown, calls } = await sent(t, call);
    assert.equal(calls.length, 1);
    assert.equal(calls[0].code.replace(/(?<=\.py)\n$/, ''), shown.code);
    assert.equal(calls[0].kwargs, shown.kwargs);
    assert.equal(calls[0].path, shown.path);
    assert.deepEqual(
      Object.keys(calls[0].rest).sort(),
      ['timeout', 'use_cache'].filter(() => call.useCache),
    );
  });
}

const evil = () => owt.code('evil');

for (const [what, query] of [
  ['code', () => `code_b64=${encodeURIComponent(base64(evil()))}`],
  ['code, its name encoded', () => `a=1&%63ode%5Fb64=${encodeURIComponent(base64(evil()))}`],
  ['plain code', () => `code=${encodeURIComponent(evil())}`],
  ['arguments', () => `kwargs_b64=${base64('{"evil": 1}')}`],
  ['plain arguments', () => 'kwargs=evil'],
  ['the name of another function', () => 'fn_name=other'],
  ['a cache key', () => 'cache_key_override=of-somebody-else'],
  ['a line end in the name', () => `code%0A_b64=1&co\tde_b64=${base64(evil())}`],
  ['a fragment', () => `x=1#code_b64=${base64(evil())}`],
]) {
  test(`a path that brings ${what} is refused, and nothing is sent`, async (t) => {
    const { page, calls } = await sent(t, { code: HARMLESS, path: `/hello?${query()}` });
    assert.equal(await page.textContent('#status'), 'Not sent');
    assert.match(await page.locator('.problem').innerText(), /the path/);
    assert.ok(await page.locator('#open').isHidden());
    assert.deepEqual(calls, []);
    assert.ok(!owt.ran('evil'));
  });
}

test('code that looks like a place is sent, not fetched', async (t) => {
  for (const end of ['', '\u2028', '\u2029', '\u0085']) {
    const place = `${callPath('/x', evil())}&a=${end}.py`;
    const { calls } = await sent(t, { code: place });
    assert.deepEqual(
      calls.map(({ code }) => code.trim()),
      [place],
    );
  }
  assert.ok(!owt.ran('evil'));
});

test('all that a link says is in sight, or counted', async (t) => {
  const call = {
    code: HARMLESS,
    kwargs: `{"a": 1,${MANY}"b": 2}`,
    path: '/a?b=c',
    fnName: 'run2',
    timeout: '5',
    cacheKwargs: 'true',
  };
  const page = await visit(t, browser, link(call), { viewport: { width: 1000, height: 700 } });
  for (const id of ['path', 'fnName', 'timeout', 'cacheKwargs']) {
    assert.ok(await page.locator(`#${id}`).isVisible(), id);
  }
  // Nothing has bars of its own: all of both texts is on the page.
  for (const id of ['code', 'kwargs']) {
    const isWhole = await page
      .locator(`#${id}`)
      .evaluate((area) => area.scrollHeight <= area.clientHeight + 1);
    assert.ok(isWhole, id);
  }
  assert.match(await page.textContent('#notice'), /2 lines of code, 61 lines of arguments/);
  assert.match(
    await page.textContent('#unseen'),
    /In the arguments: 59 empty lines before line 61/,
  );
  assert.match(await page.textContent('#beyond'), /Out of sight: \d+ of 61 lines of the arguments/);
  await page.locator('#kwargs-lines .line').last().scrollIntoViewIfNeeded();
  await page.waitForFunction(() => /3 of 3 lines of the code/.test(beyond.textContent));
});

test('the same is counted on the page that asks', async (t) => {
  const kwargs = `{"a": 1,${MANY}"b": 2,${' '.repeat(300)}"c": 3}`;
  const page = await visit(t, browser, owt.url + callPath('/x', evil(), { kwargs }));
  const text = await page.locator('body').innerText();
  assert.match(text, /Arguments \(61 lines\)/);
  assert.match(text, /\{"a": 1,\n59 empty lines\n"b": 2,300 spaces"c": 3\}/);
});

test('a call goes from the page that asks to the editor as it is', async (t) => {
  const code = `${evil()}# &#+%20 "'\`\\ 😀 \u202e\n`;
  const kwargs = '{"a": "&=#+ %41 😀"}';
  const fields = { kwargs, fn_name: 'run2', timeout: '7.5', use_cache: 'true', x: '1 &' };
  const page = await visit(t, browser, owt.url + callPath('/a%20b', code, fields));
  await page.click('a:text-is("Edit")');
  await page.waitForSelector('#notice:visible');
  assert.equal(await page.inputValue('#code'), code);
  assert.equal(await page.inputValue('#kwargs'), kwargs);
  assert.equal(await page.inputValue('#path'), '/a%20b?x=1+%26');
  assert.equal(await page.inputValue('#fnName'), 'run2');
  assert.equal(await page.inputValue('#timeout'), '7.5');
  assert.ok(await page.isChecked('#useCache'));
  assert.ok(!owt.ran('evil'));
});

test('written by hand, it is the same', async (t) => {
  const page = await visit(t, browser, owt.url);
  await write(page, HARMLESS, '{"a": 1}');
  await page.fill('#path', `/x?code_b64=${base64(evil())}`);
  assert.equal(await run(page), 'Not sent');
  assert.ok(!owt.ran('evil'));
});
