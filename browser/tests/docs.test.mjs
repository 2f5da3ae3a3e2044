// node --test tests/docs.test.mjs
//
// The project's documents, as the server gives them.

import assert from 'node:assert/strict';
import { after, before } from 'node:test';

import { accessible } from '../support/axe.mjs';
import { launch, test, visit } from '../support/chromium.mjs';
import { until } from '../support/landing.mjs';
import { Owt } from '../support/owt.mjs';

let owt, browser;
before(async () => {
  [owt, browser] = await Promise.all([Owt.start(), launch()]);
});
after(() => owt.stop());
after(() => browser.close());

test('from the landing page to a section, by links', async (t) => {
  const page = await visit(t, browser, owt.url);
  await page.click('nav a:text-is("Docs")');
  await page.waitForURL(`${owt.url}/_owt/docs`);
  assert.equal(await page.locator('main h1').count(), 1);
  await page.click('#contents a[href="/_owt/docs/wire"]');
  assert.match(await page.textContent('h1'), /What a request means/);
  await page.click('#contents a[href="#the-door"]');
  assert.ok(page.url().endsWith('/_owt/docs/wire#the-door'));
  await page.click('main a[href="/_owt/docs/security"] >> nth=0');
  assert.match(await page.textContent('h1'), /Security/);
  await page.waitForSelector('pre .is-function, pre .is-string');
});

test('its policy lets in nothing but the server’s own files', async (t) => {
  const page = await visit(t, browser);
  const refused = [];
  page.on('console', (message) => message.type() === 'error' && refused.push(message.text()));
  const response = await page.goto(`${owt.url}/_owt/docs/wire`);
  const policy = response.headers()['content-security-policy'];
  assert.match(policy, /^default-src 'none'; script-src 'self';/);
  assert.ok(!policy.includes('unsafe'));
  await page.waitForLoadState('networkidle');
  assert.deepEqual(refused, []);
});

test('the search finds sections by all words, and needs no server', async (t) => {
  const page = await visit(t, browser, `${owt.url}/_owt/docs`);
  await page.keyboard.press('/');
  await page.keyboard.type('cache key');
  const found = page.locator('#found li');
  await until(async () => (await found.count()) > 1);
  assert.match(await found.first().innerText(), /Cache/);
  await accessible(page);
  const asked = [];
  page.on('request', (request) => asked.push(request.url()));
  await page.fill('#search', 'xyzzy <script> (');
  await until(async () => /Nothing has all/.test(await page.textContent('#said')));
  await page.fill('#search', 'Landlock seccomp');
  await until(async () => (await found.count()) > 0);
  assert.deepEqual(asked, []);
  // By the keyboard on to the section.
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await page.waitForURL(/#/);
  assert.ok(await page.locator(':target').isVisible());
});

for (const [view, options] of Object.entries({
  light: { colorScheme: 'light' },
  dark: { colorScheme: 'dark' },
  tablet: { viewport: { width: 820, height: 1100 } },
  phone: { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true },
})) {
  test(`every document is accessible, and no wider than the window: ${view}`, async (t) => {
    const page = await visit(t, browser, `${owt.url}/_owt/docs`, options);
    const all = await page
      .locator('#contents > details > ul > li > a')
      .evaluateAll((links) => links.map(({ href }) => href));
    assert.ok(all.length > 15, `${all.length}`);
    for (const url of all) {
      await page.goto(url);
      await accessible(page);
      const over = await page.evaluate(() => {
        const { scrollWidth, clientWidth } = document.documentElement;
        return scrollWidth - clientWidth;
      });
      assert.equal(over, 0, url);
    }
  });
}

test('without JavaScript it is there to read', async (t) => {
  const page = await visit(t, browser, `${owt.url}/_owt/docs/wire`, { javaScriptEnabled: false });
  assert.match(await page.innerText('main'), /The call/);
  assert.ok(await page.locator('#contents a').first().isVisible());
  assert.ok(await page.locator('#search').isHidden());
});
