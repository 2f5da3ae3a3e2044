// node --test tests/crashes.test.mjs
//
// A test in which Chromium itself crashes is tried once more, and says so; no other is.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { launch, onceMore, visit } from '../support/chromium.mjs';
import { Owt } from '../support/owt.mjs';

let owt, browser;
before(async () => {
  [owt, browser] = await Promise.all([Owt.start(), launch()]);
});
after(() => owt.stop());
after(() => browser.close());

/** What the test `body(t, attempt)` said, and how often it was tried. */
async function tried(t, body) {
  const seen = { said: [], attempts: 0, error: null };
  const own = { after: (end) => t.after(end), diagnostic: (text) => seen.said.push(text) };
  const attempt = () => body(own, (seen.attempts += 1));
  seen.error = await onceMore(own, attempt).then(
    () => null,
    (error) => error,
  );
  return seen;
}

const crashPage = async (page) => {
  const crashed = page.waitForEvent('crash');
  const session = await page.context().newCDPSession(page);
  // Nobody is left to answer it.
  session.send('Page.crash').catch(String);
  await crashed;
  await page.reload();
};
const crashBrowser = async (page) => {
  const session = await page.context().browser().newBrowserCDPSession();
  await session.send('Browser.crash');
};

for (const [what, crash, words] of [
  ['a page', crashPage, /CHROMIUM CRASHED \(the page .*\), tried once more/],
  // Its navigation is told to be aborted before the page is told to have crashed.
  [
    'a page that is opened',
    (page) => page.goto('chrome://crash'),
    /CHROMIUM CRASHED \(the page .*\), tried once more/,
  ],
  ['the browser', crashBrowser, /CHROMIUM CRASHED \(the browser\), tried once more/],
]) {
  test(`${what} crashes once`, async (t) => {
    const { said, attempts, error } = await tried(t, async (own, attempt) => {
      const page = await visit(own, browser, owt.url);
      if (attempt === 1) await crash(page);
      assert.ok(await page.title());
    });
    assert.equal(error, null);
    assert.equal(attempts, 2);
    assert.equal(said.length, 1);
    assert.match(said[0], words);
  });
}

test('what the first attempt left is not taken for the second one’s', async (t) => {
  const { attempts, error } = await tried(t, async (own, attempt) => {
    assert.ok(!owt.ran('left'));
    await owt.call(owt.code('left'));
    await owt.answered('/');
    const page = await visit(own, browser, owt.url);
    if (attempt === 1) await crashPage(page);
    assert.ok(owt.ran('left'));
  });
  assert.equal(error, null);
  assert.equal(attempts, 2);
});

test('a second crash fails the test', async (t) => {
  const { said, attempts, error } = await tried(t, async (own) => {
    await crashPage(await visit(own, browser, owt.url));
  });
  assert.match(String(error), /crash/i);
  assert.equal(attempts, 2);
  assert.equal(said.length, 1);
});

test('an assertion, and a patience that ends, are not tried again', async (t) => {
  for (const fail of [
    async () => assert.fail('no'),
    async (page) => page.waitForSelector('#nothing', { timeout: 1 }),
    async (page) => page.goto('chrome://no-such-page'),
  ]) {
    const { said, attempts, error } = await tried(t, async (own) => {
      await fail(await visit(own, browser, owt.url));
    });
    assert.ok(error);
    assert.equal(attempts, 1);
    assert.deepEqual(said, []);
  }
});
