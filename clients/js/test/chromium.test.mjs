// node --test test/chromium.test.mjs
//
// The client in a real browser: on a page that owt serves, and on one of an allowed origin.

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before } from 'node:test';
import { fileURLToPath } from 'node:url';

import { owtify } from '../index.js';
import { launch, test, visit } from '../../../browser/support/chromium.mjs';
import { callPath, Owt } from '../../../browser/support/owt.mjs';
import { openAndRun } from '../../../browser/support/run-page.mjs';
import { Site } from '../../../browser/support/site.mjs';
import { ENDLESS, folder, GATED, left } from './support.mjs';

const MODULE = fileURLToPath(new URL('../index.js', import.meta.url));
const TOKEN = 'a-token-of-thirty-two-characters!';

/** A page with the module in it. */
const INLINE = `<!doctype html><script type="module">
${readFileSync(MODULE, 'utf8')}
globalThis.client = { owt, owtify, literal, OwtError };
</script>`;

let site, owt, locked, browser;
before(async () => {
  site = await Site.start();
  const friend = ['--allow-origin', `http://localhost:${site.port}`];
  [owt, locked, browser] = await Promise.all([
    Owt.start(...friend),
    Owt.start(...friend, '--token', TOKEN),
    launch(),
  ]);
});
after(() => Promise.all([site, owt, locked].map((one) => one.stop())));
after(() => browser.close());

/** A page that owt serves, with the module from another adaptor. */
async function ownPage(t) {
  const module = `lambda: (open(${JSON.stringify(MODULE)}).read(), {'Content-Type': 'text/javascript'})`;
  const html = `<!doctype html><script type="module">
    import * as client from '${callPath('/owt.js', module)}';
    globalThis.client = client;
  </script>`;
  const page = await visit(t, browser);
  await openAndRun(page, owt.url + callPath('/page', owt.page(html)));
  return page;
}

/** A page of another server, at that name of this machine. */
function pageAt(name) {
  return (t) => visit(t, browser, site.page(name, '/', INLINE));
}

for (const [where, open, address] of [
  ['a page of owt', ownPage, () => '/'],
  ["an allowed origin's page", pageAt('localhost'), () => owt.url],
]) {
  test(`${where}: each kind of result`, async (t) => {
    const page = await open(t);
    const results = await page.evaluate(async (address) => {
      const { owt } = client;
      const text = '\0é🎵\u202e';
      return {
        json: await owt(address, 'lambda **all: all', { text, big: 2n ** 64n }),
        get: await owt(address, 'lambda x: x', text, { method: 'GET' }),
        none: await owt(address, 'lambda: None'),
        bytes: [...(await owt(address, "lambda: b'\\x00\\xff'"))],
        blob: (await owt(address, "lambda: ('', {'Content-Type': 'audio/wav'})").blob()).type,
        data: await owt(address, 'lambda n: len(request.data) + n', 1, {
          data: new Blob(['ö']),
        }),
        plain: await (await fetch(client.owtify(address, "lambda: 'plain'"))).text(),
        lines: await (async () => {
          const lines = [];
          for await (const line of owt(address, "lambda: iter([{'n': 1}, {'n': 2}])").lines()) {
            lines.push(line);
          }
          return lines;
        })(),
      };
    }, address());
    assert.deepEqual(results, {
      json: { text: '\0é🎵\u202e', big: 2 ** 64 },
      get: '\0é🎵\u202e',
      none: null,
      bytes: [0, 255],
      blob: 'audio/wav',
      data: '3',
      plain: 'plain',
      lines: [{ n: 1 }, { n: 2 }],
    });
  });

  test(`${where}: functions by name and by hash`, async (t) => {
    const page = await open(t);
    const code = `import numpy as np
def scaled(a: np.ndarray, by: float) -> np.ndarray: return a * by
def hello(name: str, file: bytes) -> str: return f'hello {name}, {len(file)}'`;
    const given = await page.evaluate(
      async ([address, code]) => {
        const { owt } = client;
        const lib = await owt.publish(address, code, { name: 'sota' });
        const { data, shape } = await lib.fn('scaled', {
          a: new Float32Array([1, 2]),
          by: 1.5,
        });
        const error = await owt.fn(address, 'sota.scaled', { by: 'x' }).catch((error) => error);
        return {
          data: [...data],
          shape,
          hello: await owt.fn(address, 'sota.hello', {
            name: 'ö',
            file: new Blob(['abc']),
          }),
          faults: error.faults.map(({ name }) => name).sort(),
        };
      },
      [address(), code],
    );
    assert.deepEqual(given, {
      ...{ data: [1.5, 3], shape: [2], hello: 'hello ö, 3' },
      faults: ['a', 'by'],
    });
  });

  test(`${where}: the first event is here before the last is made`, async (t) => {
    const page = await open(t);
    const gate = join(folder(t), 'gate');
    await page.exposeFunction('openGate', () => writeFileSync(gate, ''));
    const kwargs = {
      ...{ gate, first: 'data: erst\n\n', last: 'data: letzt 🎵\n\n' },
      headers: { 'Content-Type': 'text/event-stream' },
    };
    const seen = await page.evaluate(
      async ([address, code, kwargs]) => {
        const seen = [];
        for await (const { data } of client.owt(address, code, kwargs).events()) {
          seen.push(data);
          if (seen.length === 1) await openGate();
        }
        return seen;
      },
      [address(), GATED, kwargs],
    );
    assert.deepEqual(seen, ['erst', 'letzt 🎵']);
  });

  test(`${where}: the adaptor sees a reader that leaves, and a signal`, async (t) => {
    const page = await open(t);
    const [broken, aborted] = ['broken', 'aborted'].map((name) => join(folder(t), name));
    const reason = await page.evaluate(
      async ([address, code, broken, aborted]) => {
        const { owt } = client;
        for await (const _ of owt(address, code, { seen: broken })) break;
        const controller = new AbortController();
        try {
          for await (const _ of owt(
            address,
            code,
            { seen: aborted },
            { signal: controller.signal },
          )) {
            controller.abort();
          }
        } catch (error) {
          return error.name;
        }
      },
      [address(), ENDLESS, broken, aborted],
    );
    assert.equal(reason, 'AbortError');
    assert.match(await left(owt, broken), /^(GeneratorExit|Cancelled)$/);
    assert.match(await left(owt, aborted), /^(GeneratorExit|Cancelled)$/);
  });

  test(`${where}: what goes wrong`, async (t) => {
    const page = await open(t);
    const errors = await page.evaluate(async (address) => {
      const { owt, owtify, OwtError } = client;
      const fails = async (make) => {
        try {
          return await make();
        } catch (error) {
          const { name, message, status, traceback, requestId } = error;
          return {
            name: error instanceof OwtError ? 'is OwtError' : name,
            message,
            status,
            traceback,
            requestId,
          };
        }
      };
      return {
        raised: await fails(() => owt(address, 'lambda: 1 / 0')),
        cut: await fails(() => owt(address, "def run():\n yield 'a'\n raise KeyError").text()),
        redirect: await fails(() => owt(address, "lambda: redirect('/x')")),
        file: await fails(() => owtify(address, 'adaptor.py')),
        missing: await fails(() => owt(address, 'missing.py')),
      };
    }, address());
    assert.equal(errors.raised.name, 'is OwtError');
    assert.equal(errors.raised.status, 500);
    assert.match(errors.raised.traceback, /ZeroDivisionError: division by zero/);
    assert.match(errors.raised.requestId, /./);
    assert.equal(errors.cut.name, 'is OwtError');
    assert.match(errors.cut.message, /was cut/);
    assert.equal(errors.redirect.name, 'is OwtError');
    assert.match(errors.redirect.message, /redirects/);
    assert.match(errors.file.message, /^adaptor\.py cannot be read here and now: `await owt/);
    assert.match(errors.missing.message, /^missing\.py is not there: 40[04]$/);
  });
}

test('a file of Python beside the page is fetched', async (t) => {
  const page = await pageAt('localhost')(t);
  site.page('localhost', '/adaptor.py', "def run(name): return f'hello {name}'");
  const url = owt.url;
  const hello = await page.evaluate(
    (url) => client.owt(url, 'adaptor.py', { name: 'ö' }).text(),
    url,
  );
  assert.equal(hello, 'hello ö');
});

test('a server with keys, from another origin', async (t) => {
  const page = await pageAt('localhost')(t);
  const answers = await page.evaluate(
    async ([url, token]) => {
      const withToken = url.replace('://', `://token:${token}@`);
      const status = ({ status }) => status;
      return [
        await client.owt(url, "lambda: 'in'").catch(status),
        await client.owt(url, "lambda: 'in'", null, { token }),
        await client.owt(withToken, "lambda: 'in'"),
      ];
    },
    [locked.url, TOKEN],
  );
  assert.deepEqual(answers, [401, 'in', 'in']);
});

test('a page of an origin that is not allowed is told what would', async (t) => {
  const page = await pageAt('evil.test')(t);
  const message = await page.evaluate(
    (url) => client.owt(url, "lambda: 'in'").catch(({ message }) => message),
    owt.url,
  );
  assert.ok(message.startsWith(`no answer from ${owt.url}`), message);
  assert.ok(message.includes(`--allow-origin http://evil.test:${site.port}`), message);
});

test('a page writes the same URL as Node', async (t) => {
  const page = await pageAt('localhost')(t);
  const kwargs = { text: '\0é🎵\u202e\'"\\', n: [0.1, -0, 1e21, null, true] };
  const url = await page.evaluate(
    ([address, kwargs]) =>
      client.owtify(address, 'f(x)', {
        ...kwargs,
        n: [0.1, -0, 1e21, null, true],
      }),
    [owt.url, kwargs],
  );
  assert.equal(url, owtify(owt.url, 'f(x)', kwargs));
});
