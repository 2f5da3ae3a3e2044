// node --test tests/run-page.test.mjs
//
// The page that a call's URL opens in a browser: it shows what will run, and runs it when its
// user says so.

import assert from 'node:assert/strict';
import { after, before } from 'node:test';

import { launch, test, visit } from '../support/chromium.mjs';
import { ALI, ALI_AUTH, base64, callPath, Owt, SECRET } from '../support/owt.mjs';
import { openAndRun, pressRun } from '../support/run-page.mjs';
import { Site } from '../support/site.mjs';

let owt, guarded, secure, site, browser;
before(async () => {
  [owt, guarded, secure, site, browser] = await Promise.all([
    Owt.start('--allow-host', 'owt.lan'),
    Owt.start('--allow-host', 'owt.lan', '--auth', ALI_AUTH),
    Owt.start('--allow-host', 'owt.lan', '--tls', 'self-signed'),
    Site.start(),
    launch(),
  ]);
});
after(() => Promise.all([owt, guarded, secure, site].map((one) => one.stop())));
after(() => browser.close());

const shown = (page) => page.locator('body').innerText();

/** How many elements of each kind there are. */
const elements = (page) =>
  page.evaluate(() => {
    const counts = {};
    for (const { localName } of document.querySelectorAll('*')) {
      // Colours are as many as there are words.
      if (localName !== 'span') counts[localName] = (counts[localName] ?? 0) + 1;
    }
    return counts;
  });

for (const [what, name, which, options] of [
  ['on loopback', '127.0.0.1', () => owt, {}],
  ['on loopback with a password', '127.0.0.1', () => guarded, { httpCredentials: ALI }],
  ['by a name on a LAN', 'owt.lan', () => owt, {}],
  ['by a name on a LAN with a password', 'owt.lan', () => guarded, { httpCredentials: ALI }],
  ['by a name on a LAN over TLS', 'owt.lan', () => secure, { ignoreHTTPSErrors: true }],
]) {
  test(`it shows, asks, runs and remembers: ${what}`, async (t) => {
    const server = which();
    const canary = `asked-${name}`;
    const base = server.at(name);
    const code = server.code(canary);
    const url = base + callPath('/a/b', code, { kwargs: '{"size": 640}' });
    const page = await visit(t, browser, undefined, options);
    const asked = await page.goto(url);
    assert.equal(asked.status(), 200);
    // A click meant for the window before does not reach it.
    assert.match(await asked.text(), /<button id="run" disabled>/);
    const text = await shown(page);
    for (const line of code.trim().split('\n')) assert.ok(text.includes(line), line);
    assert.ok(text.includes('{"size": 640}'));
    assert.ok(text.includes('/a/b'));
    assert.ok(!server.ran(canary));

    const response = await pressRun(page, () => page.click('#run'));
    assert.equal(response.url(), url);
    assert.match(await response.text(), new RegExp(SECRET));
    assert.ok(server.ran(canary));

    // That was this once.
    server.forget(canary);
    await page.goto(url);
    assert.equal(await page.locator('#run').count(), 1);
    assert.ok(!server.ran(canary));

    await page.check('[name=remember]');
    await pressRun(page, () => page.click('#run'));
    const [cookie] = await page.context().cookies();
    assert.equal(cookie.secure, server === secure);
    for (const open of [() => page.reload(), () => page.goto(url), () => page.goto(url)]) {
      server.forget(canary);
      const response = await open();
      assert.match(await response.text(), new RegExp(SECRET));
      assert.ok(server.ran(canary));
    }

    // That was exactly this.
    server.forget(canary);
    for (const other of [
      callPath('/other', code, { kwargs: '{"size": 640}' }),
      callPath('/a/b', code, { kwargs: '{"size": 641}' }),
      callPath('/a/b', code),
      callPath('/a/b', `${code}#`, { kwargs: '{"size": 640}' }),
      callPath('/a/b', code, { kwargs: '{"size": 640}', timeout: '9' }),
    ]) {
      await page.goto(base + other);
      assert.equal(await page.locator('#run').count(), 1, other);
    }
    assert.ok(!server.ran(canary));
  });
}

test('the cookie that remembers is out of reach, and good for nothing else', async (t) => {
  const cookies = async (url) => {
    const page = await visit(t, browser);
    await openAndRun(page, url, { remember: true });
    assert.equal(await page.evaluate('document.cookie'), '');
    return page.context().cookies();
  };
  const url = (name) => owt.url + callPath('/cookie', owt.code(name));
  const [[mine], [other]] = [await cookies(url('mine')), await cookies(url('other'))];
  assert.match(mine.name, /^owt_run_/);
  assert.equal(mine.httpOnly, true);
  assert.equal(mine.sameSite, 'Strict');
  owt.forget('other');

  const page = await visit(t, browser);
  await page.context().addCookies([mine, { ...other, value: mine.value }]);
  await page.goto(url('other'));
  await page.waitForSelector('#run');
  assert.ok(!owt.ran('other'));
  // Its own value does it.
  await page.context().addCookies([other]);
  await page.goto(url('other'));
  assert.ok(owt.ran('other'));
});

test('the keyboard is enough', async (t) => {
  const page = await visit(t, browser, owt.url + callPath('/keys', owt.code('keys')));
  await page.waitForSelector('#run:enabled');
  const focused = () => page.evaluate('document.activeElement.id');
  for (let keys = 0; (await focused()) !== 'run' && keys < 5; keys += 1)
    await page.keyboard.press('Tab');
  assert.equal(await focused(), 'run');
  await pressRun(page, () => page.keyboard.press('Enter'));
  assert.ok(owt.ran('keys'));
});

test('the way back does not run it', async (t) => {
  const page = await visit(t, browser, owt.url);
  await openAndRun(page, owt.url + callPath('/back', owt.code('back')));
  owt.forget('back');
  await page.goBack();
  assert.ok(!owt.ran('back'));
});

/** What would break out of the page where it is not shown as text. */
const BREAKERS = [
  '</script><script>globalThis.pwned = 1; alert(1)</script>',
  '</pre></textarea></title></style><img src=x onerror="globalThis.pwned = alert(1)">',
  `"' onfocus="globalThis.pwned = alert(1)" autofocus x="><svg onload=alert(1)>`,
  '--><!--<script>',
  '{{nonce}}{{url}}${alert(1)}',
  '&lt;img src=x onerror=alert(1)&gt;&#60;script&#62;',
  '<base href="http://evil.test/"><form action="http://evil.test/"><button id="run">',
  '</style><style>body { display: none }</style><link rel=stylesheet href=//evil.test>',
  '<meta http-equiv="refresh" content="0; url=http://evil.test/">',
  '<iframe srcdoc="<script>parent.pwned = 1</script>"></iframe><plaintext>',
];

test('what would break out of it is shown, and does nothing', async (t) => {
  const page = await visit(t, browser);
  const heard = [];
  page.on('dialog', (dialog) => {
    heard.push(dialog.message());
    return dialog.dismiss();
  });
  page.on('request', (request) => {
    if (!request.url().startsWith(owt.url)) heard.push(request.url());
  });
  const url = (text) => {
    const code = `${owt.code('broken')}${BREAKERS.map((each) => `# ${text(each)}\n`).join('')}`;
    const fields = BREAKERS.map((each, place) => [`${place}${text(each)}`, text(each)]);
    const kwargs = JSON.stringify({ a: BREAKERS.map(text) });
    const path = `/${encodeURIComponent(BREAKERS.map(text).join(''))}`;
    return owt.url + callPath(path, code, { kwargs, ...Object.fromEntries(fields) });
  };
  await page.goto(url(() => 'harmless'));
  const usual = await elements(page);
  await page.goto(url((text) => text));
  await page.waitForSelector('#run:enabled');
  const seen = await shown(page);
  for (const [place, text] of BREAKERS.entries()) {
    for (const where of [`# ${text}`, JSON.stringify(text), `${place}${text}`]) {
      assert.ok(seen.includes(where), `${where}\n${seen}`);
    }
  }
  assert.deepEqual(await elements(page), usual);
  assert.equal(await page.evaluate('globalThis.pwned'), undefined);
  assert.deepEqual(heard, []);
  assert.ok(!owt.ran('broken'));
  // What it shows is what it runs.
  await pressRun(page, () => page.click('#run'));
  assert.ok(owt.ran('broken'));
});

test('it names what cannot be seen, or would turn the text around', async (t) => {
  const odd = [
    '\u202e',
    '\u2066',
    '\u200b',
    '\u200f',
    '\u0000',
    '\u001b',
    '\r',
    '\u0085',
    '\u2028',
    '\ufeff',
  ];
  const code = `${owt.code('odd')}# ${odd.map((char) => `a${char}b`).join(' ')}\n`;
  const kwargs = JSON.stringify(`x\u202ey`);
  const page = await visit(t, browser, owt.url + callPath('/odd', code, { kwargs }));
  const text = await shown(page);
  for (const char of odd) {
    const name = `U+${char.codePointAt(0).toString(16).toUpperCase().padStart(4, '0')}`;
    assert.ok(text.includes(`a${name}b`), name);
    assert.ok(!text.includes(char), name);
  }
  assert.ok(text.includes('xU+202Ey'));
});

test('it shows long code whole', async (t) => {
  const lines = Array.from({ length: 1500 }, (_, line) => `# line ${line} ${'x'.repeat(15)}`);
  const code = `${lines.join('\n')}\n${owt.code('long')}`;
  const page = await visit(t, browser, owt.url + callPath('/long', code));
  const text = await shown(page);
  for (const line of lines) assert.ok(text.includes(line), line);
  await pressRun(page, () => page.click('#run'));
  assert.ok(owt.ran('long'));
});

test('a URL that is too long or no call is refused, and shows nothing that runs', async (t) => {
  const long = callPath('/l', `${owt.code('bad')}#${'x'.repeat(100_000)}`);
  await assert.rejects(visit(t, browser, owt.url + long), /ERR_HTTP_RESPONSE_CODE_FAILURE/);
  const page = await visit(t, browser);
  const code = encodeURIComponent(base64(owt.code('bad')));
  for (const query of [
    'code_b64=%00%3Cscript%3Ealert(1)%3C/script%3E',
    `code_b64=${encodeURIComponent(base64(Buffer.from([0xff, 0xfe])))}`,
    `code_b64=${code}&fn_name=%3Cimg%20src=x%20onerror=alert(1)%3E`,
    `code_b64=${code}&kwargs_b64=!`,
  ]) {
    const response = await page.goto(`${owt.url}/bad?${query}`);
    assert.equal(response.status(), 400, query);
    assert.equal(await page.locator('button, form, img').count(), 0);
  }
  assert.ok(!owt.ran('bad'));
});

for (const name of ['127.0.0.1', 'owt.lan']) {
  test(`no page of another origin can press its button: ${name}`, async (t) => {
    const canary = `pressed-${name}`;
    const url = callPath('/pressed', owt.code(canary));
    const action = `${owt.at(name)}/_owt/run`;
    const html = `<!doctype html><form method="post" action="${action}">
      <input name="url"><input name="remember" value="yes"></form>
      <script>document.forms[0].url.value = ${JSON.stringify(url)}</script>`;
    for (const from of ['evil.test', '127.0.0.1', name]) {
      const attacker = site.page(from, '/press', html);
      const page = await visit(t, browser, attacker);
      const fetched = page.waitForResponse(action);
      await page.evaluate(() => {
        const { action, elements } = document.forms[0];
        const body = new URLSearchParams({ url: elements.url.value, remember: 'yes' });
        return fetch(action, { method: 'POST', mode: 'no-cors', credentials: 'include', body });
      });
      assert.equal((await fetched).status(), 403);
      const sent = await pressRun(page, () => page.evaluate('document.forms[0].submit()'));
      assert.equal(sent.status(), 403);
      assert.deepEqual(await page.context().cookies(owt.at(name)), []);
    }
    assert.ok(!owt.ran(canary));
    // From our own page it is the button.
    const own = await visit(t, browser, `${owt.at(name)}/_owt/livez`);
    await own.setContent(html);
    // But for what is remembered: that is for the page that asks.
    const kept = await pressRun(own, () => own.evaluate('document.forms[0].submit()'));
    assert.equal(kept.status(), 403);
    await own.goto(`${owt.at(name)}/_owt/livez`);
    await own.setContent(html);
    await own.evaluate('document.forms[0].elements.remember.remove()');
    await own.evaluate('document.forms[0].submit()');
    await own.waitForURL(owt.at(name) + url);
    assert.ok(owt.ran(canary));
  });
}
