// node --test tests/lan.test.mjs
//
// The server by a name on a LAN, over plain HTTP: there browsers send no Sec-Fetch headers, and
// a remembered password goes with what pages send.

import assert from 'node:assert/strict';
import { after, before } from 'node:test';

import { attackPage, CALLS, ran, repelled } from '../support/attack.mjs';
import { launch, test, visit } from '../support/chromium.mjs';
import { ALI, ALI_AUTH, ALI_BASIC, callPath, Owt } from '../support/owt.mjs';
import { openAndRun } from '../support/run-page.mjs';
import { Site } from '../support/site.mjs';

const headers = { authorization: ALI_BASIC };

let owt, site, browser, lan, remembered;
before(async () => {
  const starting = Owt.start('--allow-host', 'owt.lan', '--auth', ALI_AUTH);
  [owt, site, browser] = await Promise.all([starting, Site.start(), launch()]);
  lan = owt.at('owt.lan');
  remembered = { httpCredentials: { ...ALI, origin: lan } };
});
after(() => Promise.all([owt.stop(), site.stop(), browser.close()]));

test('from a page of its own nearly every way runs its code', async (t) => {
  const page = await visit(t, browser, undefined, remembered);
  const html = attackPage(owt, lan, 'own');
  await openAndRun(page, lan + callPath('/page', owt.page(html)));
  await page.evaluate('spoils');
  await Promise.all(CALLS.map((way) => owt.answered(`/own/${way}`)));
  // Neither Origin nor Referer shows where these come from.
  const unknown = ['link-noreferrer', 'fetch-no-referrer', 'import-scripts', 'worker-fetch'];
  // And this one shows a wrong key in the password's place.
  const not = [...unknown, 'fetch-bearer'];
  assert.deepEqual(
    ran(owt, 'own'),
    CALLS.filter((way) => !not.includes(way)),
  );
});

for (const referrer of ['unsafe-url', 'no-referrer']) {
  test(`a page of another site, Referer: ${referrer}`, async (t) => {
    const prefix = `evil-${referrer}`;
    const url = site.page('evil.test', `/${prefix}`, attackPage(owt, lan, prefix, referrer));
    // Chromium remembers passwords for each site apart by now. The door must hold where a
    // browser does not: the password goes with everything.
    const page = await visit(t, browser, url, { extraHTTPHeaders: headers });
    const answers = await repelled(page, owt, prefix, { headers });
    // It came with the right password, and was refused all the same.
    for (const way of ['img', 'script', 'fetch-no-cors']) assert.equal(answers[way], 403, way);
  });

  test(`a page of the same name on another port, Referer: ${referrer}`, async (t) => {
    const prefix = `near-${referrer}`;
    const page = await visit(t, browser, lan, remembered);
    await page.goto(site.page('owt.lan', `/${prefix}`, attackPage(owt, lan, prefix, referrer)));
    const answers = await repelled(page, owt, prefix, { headers });
    for (const way of ['img', 'script', 'stylesheet']) assert.equal(answers[way], 403, way);
  });
}

test('what its user has agreed to, a page of another site cannot run', async (t) => {
  const page = await visit(t, browser, undefined, { extraHTTPHeaders: headers });
  const call = lan + callPath('/agreed', owt.code('agreed'));
  await openAndRun(page, call, { remember: true });
  assert.ok(owt.ran('agreed'));
  owt.forget('agreed');
  const html = `<!doctype html><meta name="referrer" content="no-referrer"><img src="${call}">`;
  await page.goto(site.page('evil.test', '/image', html));
  await owt.answered('/agreed', 403);
  assert.ok(!owt.ran('agreed'));
  // Its user can, without being asked.
  await page.goto(call);
  assert.ok(owt.ran('agreed'));
});

test("the page that asks is shown in nobody's frame", async (t) => {
  const page = await visit(t, browser, undefined, { extraHTTPHeaders: headers });
  const call = lan + callPath('/framed', owt.code('framed'));
  const html = `<!doctype html><iframe src="${call.replaceAll('&', '&amp;')}"></iframe>`;
  const answer = page.waitForResponse(call);
  await page.goto(site.page('evil.test', '/frame', html));
  assert.equal((await answer).status(), 200);
  const frame = await page.waitForFunction(() => frames.length === 1).then(() => page.frames()[1]);
  await frame.waitForURL('chrome-error://chromewebdata/');
  assert.equal(await frame.locator('#run').count(), 0);
  // Nor in one of our own.
  const own = await openAndRun(page, lan + callPath('/own-frame', owt.page(html)));
  assert.equal(own.status(), 200);
});
