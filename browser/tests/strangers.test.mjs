// node --test tests/strangers.test.mjs
//
// A page that the user merely visits tries every way it has to run code, and none does.

import assert from 'node:assert/strict';
import { after, before } from 'node:test';

import { attackPage, CALLS, OWN_ORIGIN_ONLY, ran, repelled } from '../support/attack.mjs';
import { launch, test, visit } from '../support/chromium.mjs';
import { callPath, Owt, SECRET } from '../support/owt.mjs';
import { openAndRun } from '../support/run-page.mjs';
import { Site } from '../support/site.mjs';

let owt, secure, site, browser;
before(async () => {
  [owt, secure, site, browser] = await Promise.all([
    Owt.start(),
    Owt.start('--allow-host', 'owt.lan', '--tls', 'self-signed'),
    Site.start(),
    launch(),
  ]);
});
after(() => Promise.all([owt, secure, site].map((one) => one.stop())));
after(() => browser.close());

/** Only 403: no way may end in an answer that means that its code was looked at. */
function allForbidden(answers) {
  const others = Object.entries(answers).filter(([, status]) => status !== 403);
  assert.deepEqual(others, []);
}

test('what follows is no vain try: from a page of its own every way runs its code', async (t) => {
  const page = await visit(t, browser);
  const html = attackPage(owt, owt.url, 'own');
  await openAndRun(page, owt.url + callPath('/page', owt.page(html)));
  const spoils = await page.evaluate('spoils');
  await Promise.all(CALLS.map((way) => owt.answered(`/own/${way}`)));
  assert.deepEqual(ran(owt, 'own'), CALLS);
  for (const way of [
    'fetch',
    'fetch-json',
    'fetch-no-cors',
    'xhr-get',
    'xhr-json',
    'worker-fetch',
  ]) {
    assert.match(spoils[way], new RegExp(SECRET), way);
  }
  await page.waitForFunction((secret) => {
    const { iframe, link, 'window-open': popup, 'form-get': form } = peek();
    return [iframe, link, popup, form].every((text) => text.includes(secret));
  }, SECRET);
  assert.equal(await page.evaluate('loot'), SECRET);
});

for (const [name, referrer] of [
  ['127.0.0.1', 'unsafe-url'],
  ['localhost', 'unsafe-url'],
  ['evil.test', 'unsafe-url'],
  ['evil.test', 'no-referrer'],
]) {
  test(`a page of ${name} on another port, Referer: ${referrer}`, async (t) => {
    const prefix = `${name}-${referrer}`;
    const html = attackPage(owt, owt.url, prefix, referrer);
    const page = await visit(t, browser, site.page(name, `/${prefix}`, html));
    allForbidden(await repelled(page, owt, prefix));
  });
}

test('a page of evil.test, at a server with TLS', async (t) => {
  const html = attackPage(secure, secure.at('owt.lan'), 'tls');
  const url = site.page('evil.test', '/tls', html);
  const page = await visit(t, browser, url, { ignoreHTTPSErrors: true });
  allForbidden(await repelled(page, secure, 'tls'));
});

test('a sandboxed frame, whose origin is null', async (t) => {
  const framed = site.page('evil.test', '/null', attackPage(owt, owt.url, 'null'));
  const may = 'allow-scripts allow-forms allow-popups';
  const html = `<!doctype html><iframe name="box" sandbox="${may}" src="${framed}"></iframe>`;
  const page = await visit(t, browser, site.page('evil.test', '/box', html));
  // Frames have no icon.
  const unsent = [...OWN_ORIGIN_ONLY, 'icon'];
  allForbidden(await repelled(page.frame('box'), owt, 'null', { unsent }));
});

test('a data: page', async (t) => {
  const html = attackPage(owt, owt.url, 'data');
  const page = await visit(
    t,
    browser,
    `data:text/html;base64,${Buffer.from(html).toString('base64')}`,
  );
  allForbidden(await repelled(page, owt, 'data'));
});

test('a blob: page', async (t) => {
  const html = attackPage(owt, owt.url, 'blob');
  const page = await visit(t, browser, site.page('127.0.0.1', '/blob-maker', '<!doctype html>'));
  const blob = await page.evaluate(
    (html) => URL.createObjectURL(new Blob([html], { type: 'text/html' })),
    html,
  );
  await page.evaluate((blob) => void location.assign(blob), blob);
  await page.waitForURL(blob);
  allForbidden(await repelled(page, owt, 'blob'));
});

test('DNS rebinding: the page of a name that means this server now', async (t) => {
  const page = await visit(t, browser);
  const base = owt.at('evil.test');
  // The name's first address gave the page; whatever it asks for next comes to owt.
  await page.route(`${base}/rebound`, (route) =>
    route.fulfill({ contentType: 'text/html', body: attackPage(owt, base, 'rebound') }),
  );
  await page.goto(`${base}/rebound`);
  allForbidden(await repelled(page, owt, 'rebound', { unsent: ['service-worker'] }));
});
