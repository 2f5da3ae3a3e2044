// node --test tests/left-behind.test.mjs
//
// What a page of an adaptor's, opened once, leaves behind in the browser: nothing that answers in
// owt's place, is shown without asking, or says yes for its user. And what a browser fetches before
// its user opens it runs nothing, whatever was agreed to.

import assert from 'node:assert/strict';
import { after, before } from 'node:test';

import { launch, test, visit } from '../support/chromium.mjs';
import { callPath, Owt, SECRET } from '../support/owt.mjs';
import { openAndRun } from '../support/run-page.mjs';
import { Site } from '../support/site.mjs';

let owt, site, browser;
before(async () => {
  [owt, site, browser] = await Promise.all([Owt.start(), Site.start(), launch()]);
});
after(() => Promise.all([owt, site].map((one) => one.stop())));
after(() => browser.close());

/** A call that answers that text with these headers. */
const answering = (path, text, headers) =>
  callPath(path, `lambda: (${JSON.stringify(text)}, ${JSON.stringify(headers)})`);

const FOR_A_YEAR = { 'Cache-Control': 'public, max-age=31536000, immutable' };
const SCRIPT = { ...FOR_A_YEAR, 'Content-Type': 'text/javascript', 'Service-Worker-Allowed': '/' };

test('a page of an adaptor gets no service worker', async (t) => {
  const script = answering(
    '/deep/sw.js',
    'self.onfetch = (e) => e.respondWith(new Response("mine"))',
    SCRIPT,
  );
  const page = await visit(t, browser);
  await openAndRun(page, owt.url + callPath('/page', owt.page('<!doctype html><p>a page')));
  const left = await page.evaluate(
    async ([script, file]) => {
      const { serviceWorker } = navigator;
      const told = [];
      // In the browser's cache before it is asked for as what it shall be.
      told.push((await (await fetch(script)).text()).slice(0, 12));
      await new Promise((over) => {
        const element = document.createElement('script');
        element.onload = element.onerror = over;
        element.src = script;
        document.head.append(element);
      });
      for (const url of [script, `${script}&again=1`, file, '/']) {
        for (const options of [
          {},
          { updateViaCache: 'all' },
          { scope: '/' },
          { scope: '/', updateViaCache: 'all' },
          { type: 'module', updateViaCache: 'all' },
        ]) {
          told.push(
            await serviceWorker.register(url, options).then(
              () => `${url} is registered`,
              (error) => error.name,
            ),
          );
        }
      }
      return [told, (await serviceWorker.getRegistrations()).length];
    },
    [script, '/_owt/owt.js'],
  );
  const [told, registrations] = left;
  assert.equal(told.shift(), 'self.onfetch');
  const others = told.filter((one) => !['SecurityError', 'TypeError'].includes(one));
  assert.deepEqual(others, []);
  assert.equal(registrations, 0);
  await owt.answered('/deep/sw.js', 403);
});

test('what an adaptor has the browser keep is not shown to who opens its address again', async (t) => {
  const html = '<!doctype html><title>mine</title><script>globalThis.kept = 1</script>';
  for (const [path, headers] of [
    ['/kept', FOR_A_YEAR],
    ['/', { ...FOR_A_YEAR, 'No-Vary-Search': 'params, except=("none")' }],
  ]) {
    const page = await visit(t, browser);
    const url = owt.url + answering(path, html, { ...headers, 'Content-Type': 'text/html' });
    await openAndRun(page, url);
    assert.equal(await page.title(), 'mine');
    await page.evaluate((url) => fetch(url), url);
    await page.goto('about:blank');
    await page.goto(url);
    assert.equal(await page.locator('#run').count(), 1, path);
    await page.goto(owt.url);
    assert.equal(await page.evaluate('globalThis.kept'), undefined);
    assert.match(await page.title(), /owt/);
  }
});

test('an adaptor clears nothing that was kept, and no page of one says yes for later', async (t) => {
  const call = callPath('/later', owt.code('later'));
  const page = await visit(t, browser);
  await openAndRun(page, owt.url + callPath('/agreed', owt.code('agreed')), { remember: true });
  const [cookie] = await page.context().cookies();
  await openAndRun(
    page,
    owt.url +
      answering('/clear', 'x', {
        'Clear-Site-Data': '"*"',
        'Set-Cookie': `${cookie.name}=x; Path=/`,
      }),
  );
  assert.deepEqual(await page.context().cookies(), [cookie]);
  const status = await page.evaluate(async (url) => {
    const body = new URLSearchParams({ url, remember: 'yes', shown: 'x' });
    return (await fetch('/_owt/run', { method: 'POST', body, redirect: 'manual' })).status;
  }, call);
  assert.equal(status, 403);
  assert.deepEqual(await page.context().cookies(), [cookie]);
  await page.goto(owt.url + call);
  assert.equal(await page.locator('#run').count(), 1);
  assert.ok(!owt.ran('later'));
});

test('what a page of another port has prefetched or prerendered does not run', async (t) => {
  const page = await visit(t, browser);
  const names = ['speculated', 'prerendered', 'linked'];
  const urls = names.map((name) => owt.url + callPath(`/${name}`, owt.code(name)));
  for (const [place, url] of urls.entries()) {
    await openAndRun(page, url, { remember: true });
    owt.forget(names[place]);
  }
  const rules = JSON.stringify({
    prefetch: [{ urls: [urls[0]], eagerness: 'immediate' }],
    prerender: [{ urls: [urls[1]], eagerness: 'immediate' }],
  });
  const html = `<!doctype html><script type="speculationrules">${rules}</script>
    <link rel="prefetch" href="${urls[2].replaceAll('&', '&amp;')}">`;
  await page.goto(site.page('127.0.0.1', '/ahead', html));
  await Promise.all(['/speculated', '/linked'].map((path) => owt.answered(path, 403)));
  assert.deepEqual(
    names.filter((name) => owt.ran(name)),
    [],
  );
  // Who opens them is not asked again.
  for (const [place, url] of urls.entries()) {
    assert.match(await (await page.goto(url)).text(), new RegExp(SECRET));
    assert.ok(owt.ran(names[place]));
  }
});

test('what the address bar fetches ahead does not run', async (t) => {
  const url = owt.url + callPath('/typed', owt.code('typed'));
  const page = await visit(t, browser);
  await openAndRun(page, url, { remember: true });
  owt.forget('typed');
  // As Chromium marks it: no test can have its own address bar guess.
  for (const purpose of ['prefetch', 'prefetch;prerender']) {
    await page.setExtraHTTPHeaders({ 'Sec-Purpose': purpose });
    assert.equal((await page.goto(url)).status(), 403, purpose);
  }
  assert.ok(!owt.ran('typed'));
  await page.setExtraHTTPHeaders({});
  assert.match(await (await page.goto(url)).text(), new RegExp(SECRET));
});
