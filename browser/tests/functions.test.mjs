// node --test tests/functions.test.mjs
//
// The page of functions: a form for each, made of its hints; what it answers; the call elsewhere.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { after, before } from 'node:test';

import { accessible } from '../support/axe.mjs';
import { launch, test, visit } from '../support/chromium.mjs';
import { choose, publishing } from '../support/functions.mjs';
import { frame, run, until } from '../support/landing.mjs';
import { ALI, ALI_AUTH } from '../support/owt.mjs';

const BROKEN = { broken: 'def f(:\n' };
let site, browser;
before(async () => {
  [site, browser] = await Promise.all([publishing(BROKEN), launch()]);
});
after(() => site.stop());
after(() => browser.close());

/** The page, once all modules have been read. */
async function open(t, options, url = site.page) {
  const page = await visit(t, browser, url, options);
  await page.waitForFunction(() => {
    const { textContent } = document.getElementById('told');
    return textContent && !textContent.includes('still');
  });
  return page;
}

const field = (page, name) => page.locator(`#fields [name="${name}"]`);
const output = (page) => page.locator('#output').innerText();
const faultOf = async (page, name) => {
  const id = await field(page, name).getAttribute('aria-describedby');
  return page.textContent(`#${id}`);
};

test('a function is chosen, its form filled in, and it runs', async (t) => {
  const page = await open(t);
  await choose(page, 'tools.add');
  assert.equal(await page.textContent('#signature'), 'def add(x: int, y: int = 1) -> int: ...');
  assert.match(await page.textContent('#doc'), /^Adds two numbers\.\n\nOf any size\.$/);
  assert.equal(await field(page, 'y').inputValue(), '1');
  await field(page, 'x').fill('123456789012345678901234567890');
  assert.equal(await run(page), 'Done');
  assert.equal(await output(page), '123456789012345678901234567891');
  await field(page, 'y').fill('-1');
  assert.equal(await run(page, () => page.keyboard.press('Enter')), 'Done');
  assert.equal(await output(page), '123456789012345678901234567889');
});

test('choices, yes or no, text, objects, files, any number of values', async (t) => {
  const page = await open(t);
  await choose(page, 'tools.greet');
  await field(page, 'name').fill('grüß "dich"');
  await field(page, 'greeting').selectOption('"Goodbye"');
  await field(page, 'loud').check();
  assert.equal(await run(page), 'Done');
  assert.equal(await output(page), 'GOODBYE, GRÜSS "DICH"!');
  await choose(page, 'tools.move');
  await field(page, 'point').fill('{"x": 1}');
  await field(page, 'colour').selectOption('"blue"');
  assert.equal(await run(page), 'Done');
  assert.deepEqual(JSON.parse(await output(page)), { x: 2, y: 0, colour: 'blue', note: null });
  await choose(page, 'tools.size');
  const buffer = Buffer.from([0, 255, 10]);
  await field(page, 'data').setInputFiles({ name: 'a.bin', mimeType: '', buffer });
  assert.equal(await run(page), 'Done');
  assert.equal(await output(page), '3 bytes');
  await choose(page, 'tools.total');
  await field(page, 'first').fill('1');
  await field(page, 'ns').fill('[2, 3]');
  await field(page, 'more').fill('{"a": 4}');
  assert.equal(await run(page), 'Done');
  assert.equal(await output(page), '10');
  // It is an argument, and nothing that runs.
  await choose(page, 'tools.coded');
  await field(page, 'code').fill('def run(): return 1');
  assert.equal(await run(page), 'Done');
  assert.equal(await output(page), '1 nruter :)(nur fed');
});

test('streams, images and tables are shown', async (t) => {
  const page = await open(t);
  await choose(page, 'tools.count');
  await field(page, 'to').fill('3');
  assert.equal(await run(page), 'Done');
  assert.match(await output(page), /1\s+2\s+3/);
  await choose(page, 'tools.picture');
  assert.equal(await run(page), 'Done');
  const image = page.locator('#output img');
  await until(() => image.evaluate(({ naturalWidth }) => naturalWidth === 32));
  await choose(page, 'tools.table');
  assert.equal(await run(page), 'Done');
  const tabs = page.getByRole('tablist', { name: 'Forms of the result' });
  await tabs.getByRole('tab', { name: 'csv' }).click();
  await until(async () => (await output(page)).includes('2,4'));
});

test('a fault is said beside its field, which has the focus', async (t) => {
  const page = await open(t);
  await choose(page, 'tools.move');
  await field(page, 'point').fill('{"x": "a"}');
  assert.equal(await run(page), 'Failed');
  assert.match(await faultOf(page, 'point'), /^\["x"\]: it should be a whole number, not "a"$/);
  assert.match(await faultOf(page, 'colour'), /^it is missing/);
  assert.equal(await field(page, 'point').getAttribute('aria-invalid'), 'true');
  assert.equal(await page.evaluate('document.activeElement.name'), 'point');
  await accessible(page);
  // What is no JSON is not sent.
  await field(page, 'point').fill('{"x": ');
  await page.click('#run');
  assert.match(await faultOf(page, 'point'), /^it is no JSON/);
  assert.match(await page.textContent('#unsent'), /^Not sent: point: it is no JSON/);
  await field(page, 'point').fill('{"x": 1}');
  await field(page, 'colour').selectOption('"red"');
  assert.equal(await run(page), 'Done');
  assert.equal(await faultOf(page, 'point'), '');
  assert.equal(await field(page, 'point').getAttribute('aria-invalid'), null);
});

test('what it raises is shown, and what goes on is stopped', async (t) => {
  const page = await open(t);
  await choose(page, 'tools.fail');
  await field(page, 'why').fill('no <b>reason</b>');
  assert.equal(await run(page), 'Failed');
  assert.match(await output(page), /^ValueError\s+no <b>reason<\/b>/);
  await choose(page, 'tools.forever');
  await page.click('#run');
  await page.waitForSelector('#stop:enabled');
  await page.keyboard.press('Escape');
  await page.waitForSelector('#status:text-is("Stopped")');
});

test('the page says which modules are broken', async (t) => {
  const page = await open(t);
  assert.match(await page.innerText('#broken'), /1 module cannot be loaded:\s+broken /);
});

test('the call in five languages, and curl prints what the page shows', async (t) => {
  const page = await open(t);
  await choose(page, 'tools.greet');
  await field(page, 'name').fill(`it's "$HOME" \\ 😀`);
  await field(page, 'loud').check();
  const written = {};
  for (const name of ['Python', 'JavaScript', 'Rust', 'Haskell', 'curl']) {
    await page.click(`#tab-${name}`);
    await frame(page);
    written[name] = await page.textContent('#snippet');
  }
  assert.match(
    written.Python,
    /client\.function\("tools\.greet"\)\(name="it's \\"\$HOME\\" \\\\ 😀", loud=True\)/,
  );
  assert.match(written.JavaScript, /owt\.fn\('http:\S+', 'tools\.greet', \{ "name": /);
  assert.match(written.Rust, /\.function\("tools\.greet"\)\s+\.args\(json!\(\{"name": /);
  assert.match(written.Haskell, /owtFn @POST "tools\.greet" \(named \[\("name", /);
  const printed = execFileSync('sh', ['-c', written.curl], { encoding: 'utf8' });
  assert.equal(await run(page), 'Done');
  assert.equal(printed.trim(), await output(page));
  await choose(page, 'tools.total');
  await field(page, 'first').fill('1');
  await field(page, 'ns').fill('[2, 3]');
  await frame(page);
  const total = await page.textContent('#snippet');
  assert.equal(execFileSync('sh', ['-c', total], { encoding: 'utf8' }).trim(), '6');
});

test('the address names the function, and a press counts once the page has been in front', async (t) => {
  const page = await open(t, {}, `${site.page}#tools.add`);
  await page.waitForSelector('#name:text-is("tools.add")');
  await page.waitForSelector('#run:enabled');
  await field(page, 'x').fill('1');
  assert.equal(await run(page), 'Done');
  await choose(page, 'tools.greet');
  assert.match(page.url(), /#tools\.greet$/);
  await page.goBack();
  await page.waitForSelector('#name:text-is("tools.add")');
});

test('200 modules of 2,000 functions: folded, searched, opened', async (t) => {
  const module = (at) =>
    Array.from(
      { length: 10 },
      (_, n) => `def f${n}(x: int = ${n}):\n    "Gives ${at} ${n}."\n    return x\n`,
    ).join('');
  const many = Object.fromEntries(Array.from({ length: 200 }, (_, at) => [`m${at}`, module(at)]));
  const large = await publishing(many);
  t.after(() => large.stop());
  const page = await open(t, {}, large.page);
  assert.match(await page.textContent('#told'), /^2011 functions$/);
  assert.equal(await page.locator('#modules details').count(), 201);
  assert.equal(
    await page.locator('#modules a').count(),
    0,
    'links are made when a module is opened',
  );
  await page.click('#modules details[data-name=m7] summary');
  assert.equal(await page.locator('#modules a').count(), 10);
  await page.fill('#search', 'gives');
  assert.match(
    await page.textContent('#told'),
    /^2000 of 2011 functions; the first 100 are shown$/,
  );
  assert.equal(await page.locator('#found a').count(), 100);
  await choose(page, 'm199.f3');
  assert.equal(await run(page), 'Done');
  assert.equal(await output(page), '3');
  await accessible(page);
});

test('it is behind the door, as the catalogue is; programs get JSON', async (t) => {
  const locked = await publishing({}, '--auth', ALI_AUTH);
  t.after(() => locked.stop());
  assert.equal((await fetch(locked.page, { headers: { Accept: 'text/html' } })).status, 401);
  const page = await open(t, { httpCredentials: ALI }, locked.page);
  await choose(page, 'tools.add');
  assert.match(await page.textContent('#snippet'), /-u USER:PASSWORD/);
  await field(page, 'x').fill('1');
  assert.equal(await run(page), 'Done');
  for (const Accept of ['*/*', 'application/json']) {
    const answer = await fetch(site.page, { headers: { Accept } });
    assert.equal(answer.headers.get('content-type'), 'application/json');
    assert.ok((await answer.json()).functions.length > 5);
  }
});

const VIEWS = {
  light: { colorScheme: 'light' },
  dark: { colorScheme: 'dark' },
  phone: { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true },
};

for (const [view, options] of Object.entries(VIEWS)) {
  test(`axe-core finds nothing wrong, nothing is wider than the window: ${view}`, async (t) => {
    const page = await open(t, options);
    await accessible(page);
    for (const name of ['tools.greet', 'tools.size', 'tools.total', 'tools.fail']) {
      await choose(page, name);
      await run(page);
      await accessible(page);
      const over = await page.evaluate(() => {
        const { scrollWidth, clientWidth } = document.documentElement;
        return scrollWidth - clientWidth;
      });
      assert.equal(over, 0, name);
    }
  });
}

test('the keyboard is enough', async (t) => {
  const page = await open(t);
  const { keyboard } = page;
  await page.focus('#search');
  await keyboard.type('two numbers');
  await keyboard.press('Tab');
  await keyboard.press('Enter');
  await page.waitForSelector('#name:text-is("tools.add")');
  assert.equal(await page.evaluate('document.activeElement.id'), 'name');
  for (let keys = 0; (await page.evaluate('document.activeElement.name')) !== 'x'; keys += 1) {
    assert.ok(keys < 5);
    await keyboard.press('Tab');
  }
  await keyboard.type('41');
  assert.equal(await run(page, () => keyboard.press('Enter')), 'Done');
  assert.equal(await output(page), '42');
});

test('the landing page leads here', async (t) => {
  const page = await visit(t, browser, site.owt.url);
  await page.click('#panels a:text-is("Functions")');
  await page.waitForURL(site.page);
});
