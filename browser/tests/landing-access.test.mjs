// node --test tests/landing-access.test.mjs
//
// The landing page is light, asks no other host, and needs neither eyes nor a mouse.

import assert from 'node:assert/strict';
import { after, before } from 'node:test';

import { accessible } from '../support/axe.mjs';
import { launch, test, visit } from '../support/chromium.mjs';
import { run, sample, until } from '../support/landing.mjs';
import { Owt } from '../support/owt.mjs';

/** Bytes that all of the page may have. */
const MOST = 400_000;

let owt, browser;
before(async () => {
  [owt, browser] = await Promise.all([Owt.start(), launch()]);
});
after(() => owt.stop());
after(() => browser.close());

const VIEWS = {
  light: { colorScheme: 'light' },
  dark: { colorScheme: 'dark' },
  phone: { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true },
};

const SAMPLES = ['Hello', 'JSON', 'Image', 'Audio', 'Table', 'Events', 'Error'];

for (const [view, options] of Object.entries(VIEWS)) {
  test(`axe-core finds nothing wrong: ${view}`, async (t) => {
    const page = await visit(t, browser, owt.url, options);
    await accessible(page);
    await page.click('#more summary');
    await accessible(page);
    for (const name of SAMPLES) {
      await sample(page, name);
      assert.equal(await run(page), name === 'Error' ? 'Failed' : 'Done');
      await accessible(page);
    }
    await page.goto(await page.inputValue('#link'));
    await page.reload();
    await page.waitForSelector('#notice:visible');
    await accessible(page);
  });

  test(`nothing is wider than the window: ${view}`, async (t) => {
    const page = await visit(t, browser, owt.url, options);
    for (const name of SAMPLES) {
      await sample(page, name);
      await run(page);
      for (const language of ['curl', 'Haskell']) {
        await page.click(`[role=tab]:text-is("${language}")`);
        const over = await page.evaluate(() => {
          const { scrollWidth, clientWidth } = document.documentElement;
          return scrollWidth - clientWidth;
        });
        assert.equal(over, 0, `${name} ${language}`);
      }
    }
  });
}

test('on a phone, Run shows what comes back', async (t) => {
  const page = await visit(t, browser, owt.url, VIEWS.phone);
  await sample(page, 'Image');
  await run(page);
  const image = page.locator('#output img');
  await until(() => image.evaluate((img) => img.naturalWidth > 0));
  await until(async () => {
    const { y, height } = await image.boundingBox();
    return y > 0 && y + height < 844;
  });
});

test('it is light, and asks nobody else', async (t) => {
  const page = await visit(t, browser);
  const [asked, sizes] = [[], []];
  page.on('request', (request) => asked.push(request.url()));
  const weigh = (response) =>
    sizes.push(response.body().then(({ length }) => [response.url(), length]));
  page.on('response', weigh);
  await page.goto(owt.url);
  await page.waitForLoadState('networkidle');
  page.off('response', weigh);
  const all = await Promise.all(sizes);
  const weight = all.reduce((sum, [, size]) => sum + size, 0);
  assert.ok(all.length > 10 && weight < MOST, `${weight} bytes: ${all.join('\n')}`);
  t.diagnostic(`${weight} bytes in ${all.length} files`);
  for (const name of SAMPLES) {
    await sample(page, name);
    await run(page);
  }
  const strange = asked.filter((url) => !url.startsWith(`${owt.url}/`) && !url.startsWith('blob:'));
  assert.deepEqual(strange, []);
});

test('the policy lets no script in but the server’s own', async (t) => {
  const page = await visit(t, browser);
  const response = await page.goto(owt.url);
  const policy = response.headers()['content-security-policy'];
  for (const rule of ["default-src 'none'", "script-src 'self';", "base-uri 'none'"]) {
    assert.ok(policy.includes(rule), policy);
  }
  assert.ok(!policy.includes('unsafe'));
  const violation = page.evaluate(
    () =>
      new Promise((resolve) => {
        document.addEventListener('securitypolicyviolation', (event) =>
          resolve(event.effectiveDirective),
        );
        const script = document.createElement('script');
        script.textContent = 'globalThis.inline = true';
        document.body.append(script);
      }),
  );
  assert.match(await violation, /^script-src/);
  assert.equal(await page.evaluate('globalThis.inline'), undefined);
});

test('the keyboard is enough', async (t) => {
  const page = await visit(t, browser, owt.url);
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  const { keyboard } = page;
  const focused = () => page.evaluate('document.activeElement.id');
  const tabTo = async (id, key = 'Tab') => {
    for (let keys = 0; (await focused()) !== id; keys += 1) {
      assert.ok(keys < 15, `no way to ${id}, but to ${await focused()}`);
      await keyboard.press(key);
    }
  };
  // The first sample, then the editor.
  await keyboard.press('Tab');
  await keyboard.press('Enter');
  await tabTo('code');
  await keyboard.press('Control+a');
  await keyboard.type('def run(n):');
  await keyboard.press('Enter');
  await keyboard.type('return f"{n} by keyboard"');
  // Tab is the editor's until Escape.
  await keyboard.press('Tab');
  assert.equal(await focused(), 'code');
  await keyboard.press('Escape');
  await keyboard.press('Tab');
  assert.equal(await focused(), 'kwargs');
  await keyboard.press('Control+a');
  await keyboard.type('7');
  assert.equal(await run(page, () => keyboard.press('Control+Enter')), 'Done');
  assert.equal(await page.locator('#output').innerText(), '7 by keyboard');
  await tabTo('run');
  assert.equal(await run(page, () => keyboard.press('Enter')), 'Done');
  // The languages are one stop; arrows go from one to the next, and around.
  await tabTo('tab-curl');
  await keyboard.press('ArrowRight');
  assert.equal(await focused(), 'tab-JavaScript');
  assert.match(await page.textContent('#snippet'), /^import \{ owt/);
  await keyboard.press('ArrowLeft');
  await keyboard.press('ArrowLeft');
  assert.equal(await focused(), 'tab-Julia');
  await keyboard.press('Tab');
  assert.equal(await focused(), 'copy');
  // It says so for a moment only.
  const isSaid = page.waitForSelector('#said:text-is("Copied")', { state: 'attached' });
  await keyboard.press('Enter');
  await isSaid;
  const copied = await page.evaluate(() => navigator.clipboard.readText());
  assert.match(copied, /^using Base64, Downloads/);
  await tabTo('share');
  await keyboard.press('Enter');
  await until(() =>
    page.evaluate(async () => (await navigator.clipboard.readText()).includes('/#code=')),
  );
  // And back, through the editor too.
  await tabTo('kwargs', 'Shift+Tab');
  await keyboard.press('Shift+Tab');
  await keyboard.press('Shift+Tab');
  assert.notEqual(await focused(), 'code');
});
