// node --test tests/opened.test.mjs
//
// What the landing page gives of an answer has nothing of its origin when it is opened elsewhere.

import assert from 'node:assert/strict';
import { after, before } from 'node:test';

import { launch, test, visit } from '../support/chromium.mjs';
import { run, write } from '../support/landing.mjs';
import { callPath, Owt } from '../support/owt.mjs';

let owt, browser;
before(async () => {
  [owt, browser] = await Promise.all([Owt.start(), launch()]);
});
after(() => owt.stop());
after(() => browser.close());

/**
 * A document whose script says which origin it has. The landing page's policy, which a blob of its
 * own inherits, lets in scripts of this server: here it is a call.
 */
const script = (open, close) => {
  const leave = `open(${JSON.stringify(owt.canary('pwned'))}, 'w').close()`;
  const say = 'document.documentElement.setAttribute("data-origin", self.origin)';
  const code = `def run():\n    ${leave}\n    return '${say}', {'Content-Type': 'text/javascript'}\n`;
  const url = owt.url + callPath('/pwned.js', code);
  return `${open}<script src="${url}" href="${url}"></script>${close}`;
};
const KINDS = {
  html: () => script('<!doctype html><title>x</title>', ''),
  svg: () => xml('svg', '2000/svg'),
  xhtml: () => xml('html', '1999/xhtml'),
};
const xml = (name, space) => script(`<${name} xmlns="http://www.w3.org/${space}">`, `</${name}>`);

for (const [type, kind] of [
  ['text/html', 'html'],
  ['image/svg+xml', 'svg'],
  ['image/svg+xml; charset=utf-8', 'svg'],
  ['application/xhtml+xml', 'xhtml'],
  ['application/xml', 'xhtml'],
  ['text/xml', 'svg'],
  ['image/x-odd+xml', 'xhtml'],
  ['video/x-odd+xml', 'svg'],
  ['audio/xml', 'xhtml'],
  ['image/png', 'html'],
  ['video/mp4', 'html'],
  ['multipart/related', 'html'],
  ['text/plain', 'html'],
  ['application/pdf', 'html'],
  ['text/javascript', 'html'],
]) {
  test(`nothing of it has our origin in a new tab: ${type}`, async (t) => {
    const page = await visit(t, browser, owt.url);
    const answer = `(${JSON.stringify(KINDS[kind]())}, {'Content-Type': '${type}'})`;
    await write(page, `lambda: ${answer}`);
    assert.equal(await run(page), 'Done');
    const urls = await page
      .locator('#output [src], #facts [href]')
      .evaluateAll((all) => all.map((element) => element.src || element.href));
    assert.ok(urls.length > 0);
    for (const url of urls) {
      assert.match(url, /^(blob:|data:image\/svg|http:.*\/_owt\/frame$)/);
      const origin = await originOf(page, url);
      assert.ok(['saved', null, 'null'].includes(origin), `${url.slice(0, 60)}: ${origin}`);
    }
    assert.ok(!owt.ran('pwned'));
  });
}

/**
 * Opens it as a person does with "open in a new tab". Gives the origin that its scripts say they
 * have, null if none ran, `saved` if the browser saves it.
 */
async function originOf(page, url) {
  const context = page.context();
  const saved = new Promise((resolve) => {
    const listen = (one) => one.on('download', () => resolve('saved'));
    context.pages().forEach(listen);
    context.on('page', listen);
  });
  const shown = url.startsWith('data:') ? await byHand(context, url) : await byLink(page, url);
  // A tab that only saves goes away.
  const said = () => document.documentElement?.getAttribute('data-origin') ?? null;
  const origin = await Promise.race([
    saved,
    shown
      .waitForLoadState('load')
      .then(() => shown.evaluate(said))
      .catch(() => saved),
  ]);
  await shown.close();
  return origin;
}

/** A page may not open `data:`; a person may. */
async function byHand(context, url) {
  const tab = await context.newPage();
  await tab.goto(url);
  return tab;
}

async function byLink(page, url) {
  const [tab] = await Promise.all([
    page.context().waitForEvent('page'),
    page.evaluate((href) => {
      const link = Object.assign(document.createElement('a'), { href, target: '_blank' });
      document.body.append(link);
      link.click();
      link.remove();
    }, url),
  ]);
  return tab;
}
