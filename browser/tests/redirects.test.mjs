// node --test tests/redirects.test.mjs
//
// An attacker's server sends on to owt what a browser asks it for.

import assert from 'node:assert/strict';
import { after, before } from 'node:test';

import { launch, test, visit } from '../support/chromium.mjs';
import { callPath, Owt } from '../support/owt.mjs';
import { openAndRun } from '../support/run-page.mjs';
import { Site } from '../support/site.mjs';

let owt, site, browser;
before(async () => {
  const starting = Owt.start('--allow-host', 'owt.lan');
  [owt, site, browser] = await Promise.all([starting, Site.start(), launch()]);
});
after(() => Promise.all([owt.stop(), site.stop(), browser.close()]));

/** A URL of the attacker's that leads to a call at `/NAME/WAY`, with the canary `NAME-WAY`. */
function detour(name, way, status = 302) {
  const path = `/${name}/${way}`;
  const call = callPath(path, owt.code(`${name}-${way}`));
  return site.redirect('evil.test', path, status, owt.at(name) + call);
}

/** Proves that the code of those calls has not run, and does run for somebody who may. */
async function nothingRan(name, ways) {
  await Promise.all(ways.map((way) => owt.answered(`/${name}/${way}`)));
  const ran = () => ways.filter((way) => owt.ran(`${name}-${way}`));
  assert.deepEqual(ran(), []);
  for (const way of ways) await owt.call(owt.code(`${name}-${way}`));
  assert.deepEqual(ran(), ways);
}

for (const name of ['127.0.0.1', 'owt.lan']) {
  test(`from a page of the attacker's: ${name}`, async (t) => {
    const url = (way, status) => JSON.stringify(detour(name, way, status));
    const html = `<!doctype html>
      <img src=${url('img')}><script src=${url('script')}></script>
      <iframe src=${url('iframe')}></iframe><iframe name="sent"></iframe>
      <form method="post" target="sent" action=${url('form', 307)}><input name="x"></form>
      <script>
        document.forms[0].submit();
        open(${url('popup')});
        fetch(${url('fetch')}).catch(String);
        fetch(${url('fetch-no-cors')}, { mode: 'no-cors' });
        const headers = { 'content-type': 'application/json' };
        fetch(${url('fetch-json', 307)}, { method: 'POST', headers, body: '{}' }).catch(String);
        navigator.sendBeacon(${url('beacon', 308)}, 'x');
      </script>`;
    await visit(t, browser, site.page('evil.test', `/${name}`, html));
    const frames = ['img', 'script', 'iframe', 'form', 'popup'];
    await nothingRan(name, [...frames, 'fetch', 'fetch-no-cors', 'fetch-json', 'beacon']);
  });

  test(`from the address bar: ${name}`, async (t) => {
    const page = await visit(t, browser, detour(name, 'typed'));
    assert.equal(await page.locator('#run').count(), 1);
    await nothingRan(name, ['typed']);
  });

  test(`from an image that one of owt's own pages shows: ${name}`, async (t) => {
    const page = await visit(t, browser);
    const html = `<!doctype html><img src=${JSON.stringify(detour(name, 'back'))}>`;
    await openAndRun(page, owt.at(name) + callPath('/page', owt.page(html)));
    await nothingRan(name, ['back']);
  });
}
