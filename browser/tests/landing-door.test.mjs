// node --test tests/landing-door.test.mjs
//
// The landing page and the door: what comes back touches nothing of owt's, a link runs nothing,
// and the page works however its server is reached and guarded.

import assert from 'node:assert/strict';
import { after, before } from 'node:test';

import { attackPage, OWN_ORIGIN_ONLY, repelled } from '../support/attack.mjs';
import { launch, test, visit } from '../support/chromium.mjs';
import { frame, run, sample, until, write } from '../support/landing.mjs';
import { ALI, ALI_AUTH, Owt } from '../support/owt.mjs';
import { Site } from '../support/site.mjs';

const TOKEN = 'a-token-that-nobody-guesses-0123456789';

let owt, guarded, token, secure, apart, site, browser;
before(async () => {
  [owt, guarded, token, secure, apart, site, browser] = await Promise.all([
    Owt.start('--allow-host', 'owt.lan'),
    Owt.start('--auth', ALI_AUTH),
    Owt.start('--token', TOKEN),
    Owt.start('--tls', 'self-signed'),
    Owt.start('--sandbox-pages'),
    Site.start(),
    launch(),
  ]);
});
after(() => Promise.all([owt, guarded, token, secure, apart, site].map((one) => one.stop())));
after(() => browser.close());

const output = (page) => page.locator('#output').innerText();

for (const [what, which, url, options = {}] of [
  ['on loopback', () => owt, (it) => it.url],
  ['as localhost', () => owt, (it) => it.at('localhost')],
  ['by a name on a LAN', () => owt, (it) => it.at('owt.lan')],
  ['with a password', () => guarded, (it) => it.url, { httpCredentials: ALI }],
  ['by the URL of a token', () => token, (it) => it.at(`token:${TOKEN}@127.0.0.1`)],
  ['over TLS', () => secure, (it) => it.url, { ignoreHTTPSErrors: true }],
  ['with pages kept apart', () => apart, (it) => it.url],
]) {
  test(`it runs, shows and copies: ${what}`, async (t) => {
    const server = which();
    const page = await visit(t, browser, url(server), options);
    const errors = [];
    page.on('pageerror', (error) => errors.push(error.message));
    page.on('console', (message) => message.type() === 'error' && errors.push(message.text()));
    assert.equal(await run(page), 'Done');
    assert.equal(await output(page), 'Hello, world!');
    await sample(page, 'Table');
    assert.equal(await run(page), 'Done');
    const table = page.frameLocator('#output iframe').locator('table');
    assert.match(await table.innerText(), /2\.4495/);
    await sample(page, 'Image');
    assert.equal(await run(page), 'Done');
    await until(() => page.locator('#output img').evaluate((image) => image.naturalWidth === 360));

    const asksKey = server === guarded || server === token;
    const about = await page.locator('.about').innerText();
    assert.match(about, asksKey ? /a key is needed/ : /no key is needed/);
    const snippet = await page.locator('#snippet').innerText();
    assert.equal(snippet.includes('USER:PASSWORD'), asksKey);
    assert.ok(!(await page.content()).includes(TOKEN));

    if (!options.ignoreHTTPSErrors && !what.includes('LAN')) {
      await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    }
    // It says so for a moment only.
    await Promise.all([page.waitForSelector('#copy:text-is("Copied")'), page.click('#copy')]);
    await page.fill('#kwargs', '');
    await page.focus('#kwargs');
    await page.keyboard.press('Control+v');
    await until(async () => (await page.inputValue('#kwargs')) !== '');
    assert.equal(await page.inputValue('#kwargs'), snippet);
    assert.deepEqual(errors, []);
  });
}

test('scripts of what comes back run, and touch nothing of owt', async (t) => {
  const page = await visit(t, browser, owt.url);
  const html = attackPage(owt, owt.url, 'frame');
  await write(page, owt.page(`<p id="was"></p><script>was.textContent = 'run'</script>${html}`));
  assert.equal(await run(page), 'Done');
  const frame = await (await page.waitForSelector('#output iframe')).contentFrame();
  await frame.locator('#was:text-is("run")').waitFor();
  // A frame has no icon, and here no hold on a window that it opens.
  const unsent = [...OWN_ORIGIN_ONLY, 'icon', 'window-location'];
  const answers = await repelled(frame, owt, 'frame', { unsent });
  assert.deepEqual([...new Set(Object.values(answers))], [403]);
  for (const reach of ['parent.document', 'top.location.href', 'document.cookie', 'localStorage']) {
    await assert.rejects(frame.evaluate(reach), /SecurityError|Blocked a frame|sandboxed/, reach);
  }
  assert.equal(await frame.evaluate('self.origin'), 'null');
});

test('the frame shows only what the page around it sends', async (t) => {
  const attacker = site.page(
    '127.0.0.1',
    '/frame',
    `<!doctype html><iframe src="${owt.url}/_owt/frame"></iframe>`,
  );
  const page = await visit(t, browser, attacker);
  await until(() => page.frames()[1]?.url() === 'chrome-error://chromewebdata/');
  // Nor is the page itself framed, by its own origin either.
  for (const around of [owt.url, attacker]) {
    await page.goto(around);
    await page.setContent(`<iframe src="${owt.url}/"></iframe>`);
    await until(() => page.frames()[1]?.url() === 'chrome-error://chromewebdata/');
  }
});

test('a link shows the same call, and does not run it', async (t) => {
  const first = await visit(t, browser, owt.url);
  const canary = owt.canary('link');
  const code = `open(${JSON.stringify(canary)}, 'w').close()
# &#=+%20"'\`\\ \${x} </script><b>\t世界 😀 e\u0301
def other(**given):
    return given
`;
  const kwargs = `{"a": "&=#+ %41 \\\\ 😀 \\n </textarea>", 'b': 1.0}`;
  await write(first, code, kwargs);
  await first.click('#more summary');
  await first.fill('#path', '/a b/ü?x=1&y=%32');
  await first.fill('#fnName', 'other');
  await first.fill('#timeout', '12.5');
  await first.check('#useCache');
  await first.check('#cacheKwargs');
  await frame(first);
  const link = await first.inputValue('#link');
  assert.ok(link.startsWith(`${owt.url}/#`));

  const page = await visit(t, browser);
  const asked = [];
  page.on('request', (request) => asked.push(`${request.method()} ${request.url()}`));
  await page.goto(link);
  await page.waitForSelector('#notice:visible');
  assert.match(
    await page.textContent('#notice'),
    /came with a link: \d+ lines of code, 1 line of arguments\. Nothing has run yet/,
  );
  assert.equal(await page.inputValue('#code'), code);
  assert.equal(await page.inputValue('#kwargs'), kwargs);
  assert.equal(await page.inputValue('#path'), '/a b/ü?x=1&y=%32');
  assert.equal(await page.inputValue('#fnName'), 'other');
  assert.equal(await page.inputValue('#timeout'), '12.5');
  assert.ok(await page.isChecked('#useCache'));
  assert.ok(await page.isChecked('#cacheKwargs'));
  assert.equal(await page.inputValue('#link'), link);
  assert.equal(await page.textContent('#snippet'), await first.textContent('#snippet'));
  // What it asks of the server is files, and nothing of the call.
  await page.waitForLoadState('networkidle');
  assert.ok(
    asked.every((one) => /^GET [^?]*\/(_owt\/[^?]*)?(#.*)?$/.test(one)),
    asked.join('\n'),
  );
  assert.ok(!owt.ran('link'));

  // Nor by a click or a key that was meant for the window before.
  const hasRun = await page.evaluate(() => {
    dispatchEvent(new Event('blur'));
    dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', ctrlKey: true }));
    document.getElementById('run').click();
    const { hidden } = document.getElementById('open');
    return [document.getElementById('status').textContent, hidden];
  });
  assert.deepEqual(hasRun, ['Not run yet', true]);

  assert.equal(await run(page), 'Done');
  assert.ok(owt.ran('link'));
  assert.deepEqual(JSON.parse(await output(page)), { a: '&=#+ %41 \\ 😀 \n </textarea>', b: 1 });

  // Another link in the same tab is the same.
  owt.forget('link');
  await page.evaluate((other) => (location.href = other), `${link}&use=1`);
  await page.waitForSelector('#notice:visible');
  await page.reload();
  await page.waitForSelector('#notice:visible');
  assert.equal(await page.inputValue('#code'), code);
  assert.ok(!owt.ran('link'));
});

test('what a link would hide is named', async (t) => {
  const page = await visit(t, browser, owt.url);
  await write(page, 'def run():\n    return 1 # \u202e\u200b fine', '"\u2066"');
  assert.match(await page.textContent('#unseen'), /U\+202E in line 2, U\+200B in line 2/);
  await page.fill('#code', 'def run(): return 1');
  await frame(page);
  assert.match(await page.textContent('#unseen'), /U\+2066 in line 1/);
  await page.fill('#kwargs', '1');
  await frame(page);
  assert.equal(await page.textContent('#unseen'), '');
});
