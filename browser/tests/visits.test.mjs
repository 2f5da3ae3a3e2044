// node --test tests/visits.test.mjs
//
// The landing page for who comes for the first time, and for who comes each day: the gallery, what
// the browser keeps, the packages, and how the fields follow the code.

import assert from 'node:assert/strict';
import { after, before } from 'node:test';

import { accessible } from '../support/axe.mjs';
import { launch, test, visit } from '../support/chromium.mjs';
import { panel, run, sample, until, write } from '../support/landing.mjs';
import { Owt } from '../support/owt.mjs';

let owt, browser;
before(async () => {
  [owt, browser] = await Promise.all([Owt.start(), launch()]);
});
after(() => owt.stop());
after(() => browser.close());

const open = (t) => visit(t, browser, owt.url);
/** Another tab of the same browser. */
async function again(page, url = owt.url) {
  const other = await page.context().newPage();
  await other.goto(url);
  return other;
}
const isOpen = (page, name) => page.locator(`#${name}`).isVisible();
const entries = (page) => page.locator('#ran .entry').allInnerTexts();

test('the first visit begins with the gallery, a later one with the draft', async (t) => {
  const page = await open(t);
  assert.ok(await isOpen(page, 'examples'));
  await write(page, 'def run(): return "mine"');
  const later = await again(page);
  assert.ok(!(await isOpen(later, 'examples')));
  assert.equal(await later.inputValue('#code'), 'def run(): return "mine"');
  assert.match(await later.textContent('#notice'), /As you left it.*Nothing has run yet/);
  assert.equal(await later.textContent('#status'), 'Not run yet');
  // Each tab has its own from then on.
  await write(later, 'def run(): return "other"');
  await page.reload();
  assert.equal(await page.inputValue('#code'), 'def run(): return "mine"');
});

test('calls that ran come back, and do not run by that', async (t) => {
  const page = await open(t);
  const code = `${owt.code('kept')}# \u202e <b>\n`;
  await write(page, code, '{"a": 1}');
  await run(page);
  await sample(page, 'JSON');
  await run(page);
  owt.forget('kept');
  const later = await again(page);
  await panel(later, 'history');
  assert.equal((await entries(later)).length, 2);
  assert.match((await entries(later))[0], /this minute\s+\/json/);
  await accessible(later);
  await later.click('#ran li:nth-child(2) .entry');
  assert.equal(await later.inputValue('#code'), code);
  assert.equal(await later.inputValue('#kwargs'), '{"a": 1}');
  assert.match(await later.textContent('#notice'), /ran from here on .* has not run again/);
  // A press that was meant for another window does not count.
  assert.ok(await later.isDisabled('#run'));
  assert.ok(!owt.ran('kept'));
  await later.click('#ran li:nth-child(1) [aria-label^=Forget]');
  assert.equal((await entries(later)).length, 1);
  await later.click('#forget');
  assert.match(await later.textContent('#ran'), /Nothing ran yet/);
  assert.deepEqual(await later.evaluate(() => JSON.parse(localStorage.getItem('owt-history'))), []);
});

test('what is kept is bounded, and the same call is kept once', async (t) => {
  const page = await open(t);
  const kept = await page.evaluate(async () => {
    const { keepCall, history } = await import('/_owt/page/kept.js');
    const { DEFAULTS } = await import('/_owt/page/call.js');
    for (let n = 0; n < 70; n += 1) keepCall({ ...DEFAULTS, code: `# ${n}` });
    keepCall({ ...DEFAULTS, code: '# 65' });
    const counts = [history().length, history()[0].call.code];
    for (let n = 0; n < 9; n += 1) keepCall({ ...DEFAULTS, code: `${n}${'x'.repeat(150_000)}` });
    keepCall({ ...DEFAULTS, code: 'y'.repeat(2_000_000) });
    return [
      ...counts,
      history().length < 9,
      localStorage.getItem('owt-history').length < 1_000_001,
    ];
  });
  assert.deepEqual(kept, [50, '# 65', true, true]);
});

test('what another page of this address has written there is shown, and nothing more', async (t) => {
  const page = await open(t);
  const code = owt.code('planted');
  const whole = { code, kwargs: '', path: '/', fnName: '', timeout: '', useCache: false };
  for (const [stored, count] of [
    ['{"not": "a list"}', 0],
    ['nonsense <script>', 0],
    [
      JSON.stringify([null, 1, 'x', { at: 1 }, { at: 'x', call: whole }, { at: 9e99, call: {} }]),
      0,
    ],
    [JSON.stringify([{ at: 1, call: { ...whole, cacheKwargs: 'yes' } }]), 0],
    [JSON.stringify([{ at: 1, call: { ...whole, cacheKwargs: false, more: 1 } }]), 0],
    [JSON.stringify(Array(500).fill({ at: 1, call: { ...whole, cacheKwargs: false } })), 50],
  ]) {
    await page.evaluate((text) => {
      sessionStorage.clear();
      localStorage.setItem('owt-draft', text);
      localStorage.setItem('owt-history', text);
    }, stored);
    await page.reload();
    await panel(page, 'history');
    assert.equal((await entries(page)).length, count, stored.slice(0, 80));
  }
  await page.evaluate(
    (text) => {
      sessionStorage.clear();
      localStorage.setItem('owt-draft', text);
    },
    new URLSearchParams({ code, path: '/?code_b64=x' }).toString(),
  );
  await page.reload();
  const pressed = await page.evaluate(() => {
    dispatchEvent(new Event('blur'));
    document.getElementById('run').click();
    return document.getElementById('status').textContent;
  });
  assert.equal(pressed, 'Not run yet');
  assert.equal(await run(page), 'Not sent');
  assert.ok(!owt.ran('planted'));
});

test('a browser that keeps nothing is told so, and works', async (t) => {
  const page = await visit(t, browser);
  await page.addInitScript(() => {
    for (const name of ['localStorage', 'sessionStorage']) {
      Object.defineProperty(globalThis, name, {
        get() {
          throw new DOMException('Access is denied', 'SecurityError');
        },
      });
    }
  });
  await page.goto(owt.url);
  assert.equal(await run(page), 'Done');
  await panel(page, 'history');
  assert.match(await page.textContent('#ran'), /Nothing ran yet/);
});

test('the packages of the server’s Python can be searched', async (t) => {
  const page = await open(t);
  await panel(page, 'packages');
  const names = page.locator('#names li');
  await until(async () => (await names.count()) > 3);
  assert.match(await page.textContent('#installed'), /^\d+ in .*python/);
  assert.ok((await names.allInnerTexts()).some((text) => /^numpy \d/.test(text)));
  await accessible(page);
  await page.fill('#search', 'NumPy');
  await until(async () => /^1 of \d+ in/.test(await page.textContent('#installed')));
  assert.match(await names.innerText(), /^numpy \d+\.\d+/);
  await page.fill('#search', 'no such package');
  await until(async () => (await names.count()) === 0);
  // What is looked for is no part of the call.
  assert.equal(await page.inputValue('#code'), 'def run(name):\n    return f"Hello, {name}!"\n');
});

test('a model says what it needs, and its call is there', async (t) => {
  const page = await open(t);
  await panel(page, 'examples');
  for (const [name, path, fnName, file] of [
    ['Speech', '/speech.wav', 'wav'],
    ['Chat', '/chat', ''],
    ['Transcribe', '/transcribe', 'segments', 'speech.wav'],
    ['Embed', '/embed.png', 'heatmap'],
    ['OCR', '/ocr.png', 'picture', 'page.png'],
  ]) {
    const card = page.locator(`#models button:has(b:text-is("${name}"))`);
    await until(async () => (await card.locator('.badge').innerText()) !== '');
    const isReady = (await card.locator('.badge').innerText()) === 'ready';
    await card.click();
    await until(async () => (await page.inputValue('#path')) === path);
    assert.equal(await page.inputValue('#fnName'), fnName);
    assert.match(await page.inputValue('#code'), new RegExp(`^def ${fnName || 'run'}\\(`, 'm'));
    assert.equal(await page.evaluate(() => document.getElementById('file').files[0]?.name), file);
    if (isReady) continue;
    const command = await page.textContent('#notice pre');
    assert.match(command, /python -m pip install --no-deps --only-binary :all: \S+==\S+/);
    assert.match(await page.textContent('#notice'), new RegExp(`^${name} needs packages`));
    await accessible(page);
  }
  await sample(page, 'Hello');
  assert.equal(await page.evaluate(() => document.getElementById('file').files.length), 0);
  assert.equal(await run(page), 'Done');
});

test('arguments and path go with the function that they were for', async (t) => {
  const page = await open(t);
  const paste = async (code) => {
    await page.fill('#code', code);
    return [await page.inputValue('#kwargs'), await page.inputValue('#path')];
  };
  await sample(page, 'JSON');
  assert.deepEqual(await paste('def run(numbers):\n    return 1'), [
    '{"numbers": [1, 2, 3]}',
    '/json',
  ]);
  assert.deepEqual(await paste('def run():\n    return 2'), ['', '/']);
  assert.equal(await run(page), 'Done');
  // What somebody has written stays.
  await sample(page, 'JSON');
  await page.fill('#kwargs', '{"numbers": []}');
  assert.deepEqual(await paste('def run(**given):\n    return 2'), ['{"numbers": []}', '/']);
  // Typing is no replacing.
  await sample(page, 'Hello');
  await page.locator('#code').press('Control+Home');
  await page.keyboard.type('# a comment\n');
  assert.equal(await page.inputValue('#kwargs'), '{"name": "world"}');
});

test('the editor is as tall as its code, and Run is in sight', async (t) => {
  const page = await open(t);
  for (const lines of [3, 40, 400]) {
    await write(page, 'x = 1\n'.repeat(lines - 1));
    const [height, shown, bottom] = await page.evaluate(() => {
      const area = document.getElementById('code');
      const { bottom } = document.getElementById('run').getBoundingClientRect();
      return [area.scrollHeight - area.clientHeight, area.clientHeight, innerHeight - bottom];
    });
    assert.ok(height <= 1 && shown > lines * 18, `${lines}: ${height} ${shown}`);
    assert.ok(bottom >= 0, `${lines}: ${bottom}`);
  }
  assert.match(await page.textContent('#beyond'), /Out of sight: \d+ of 400 lines of the code/);
});

test('code is in colours wherever it is shown', async (t) => {
  const page = await open(t);
  assert.ok((await page.locator('#lines .is-keyword').count()) > 0);
  assert.ok((await page.locator('#kwargs-lines .is-string').count()) > 0);
  for (const language of ['curl', 'JavaScript', 'Python', 'Rust', 'Haskell']) {
    await page.click(`[role=tab]:text-is("${language}")`);
    assert.ok((await page.locator('#snippet .is-string').count()) > 0, language);
  }
  await sample(page, 'JSON');
  await run(page);
  assert.ok((await page.locator('#output .is-property').count()) > 0);
  await sample(page, 'Error');
  await run(page);
  assert.ok((await page.locator('.problem pre .is-keyword').count()) > 0);
});
