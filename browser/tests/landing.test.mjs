// node --test tests/landing.test.mjs
//
// The landing page runs what is written into it, and shows what comes back as it comes.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { after, before } from 'node:test';

import { launch, test, visit } from '../support/chromium.mjs';
import { run, sample, start, until, write } from '../support/landing.mjs';
import { Owt } from '../support/owt.mjs';

let owt, browser;
before(async () => {
  [owt, browser] = await Promise.all([Owt.start(), launch()]);
});
after(() => owt.stop());
after(() => browser.close());

const open = (t, options) => visit(t, browser, owt.url, options);
const output = (page) => page.locator('#output').innerText();

/** Runs in the page: whether the window shows the element. */
const isInSight = (element) => {
  const { top, bottom } = element.getBoundingClientRect();
  return top >= 0 && bottom <= innerHeight;
};

/** Python that waits until the test opens that gate. */
const waits = (gate) =>
  `while not os.path.exists(${JSON.stringify(owt.canary(gate))}): time.sleep(.01)`;
const opens = (gate) => writeFileSync(owt.canary(gate), '');

test('it says what this server is', async (t) => {
  const page = await open(t);
  const text = await page.locator('header').innerText();
  assert.match(text, /^To the code\s+owt\n/);
  assert.match(text, /owt \d+\.\d+\.\d+/);
  assert.match(text, /Python 3\.\d+\.\d+/);
  assert.ok(text.includes(owt.url));
  assert.match(text, /no key is needed/);
  assert.match(await page.locator('footer').innerText(), /can run any code on its machine/);
});

test('as it is opened, one press says hello', async (t) => {
  const page = await open(t);
  assert.equal(await run(page), 'Done');
  assert.equal(await output(page), 'Hello, world!');
  const facts = await page.locator('#facts').innerText();
  for (const fact of [/200 OK/, /text\/html/, /13 B/, /ms in Python/, /ms in all/, /Download/]) {
    assert.match(facts, fact);
  }
});

test('a result’s forms are tabs; for another one the call runs again', async (t) => {
  const page = await open(t);
  await write(page, 'import numpy as np\ndef run(): return np.eye(2, dtype="u1") * 255');
  assert.equal(await run(page), 'Done');
  const tabs = page.getByRole('tablist', { name: 'Forms of the result' });
  const names = await tabs.getByRole('tab').allInnerTexts();
  assert.deepEqual(names.slice(0, 4), ['json', 'html', 'csv', 'npy']);
  assert.equal(await tabs.locator('[aria-selected=true]').innerText(), 'png');
  assert.equal(await page.locator('#answer img').count(), 1);
  await tabs.getByRole('tab', { name: 'csv' }).click();
  await until(async () => (await output(page)).includes('255,0'));
  assert.equal(await tabs.locator('[aria-selected=true]').innerText(), 'csv');
  await page.keyboard.press('ArrowLeft');
  assert.equal(await tabs.locator('[aria-selected=true]').innerText(), 'csv');
  await write(page, 'def run(): return {"a": 1}');
  assert.equal(await run(page), 'Done');
  assert.equal(await tabs.count(), 0);
});

test('text, numbers and nothing', async (t) => {
  const page = await open(t);
  for (const [code, kwargs, shown] of [
    ['lambda: "1 < 2 & 3 > 2"', '', '1 < 2 & 3 > 2'],
    ['lambda n: n ** 20', '{"n": 10}', '100000000000000000000'],
    ['lambda names: ", ".join(names)', "[c for c in 'abc']", 'a, b, c'],
    ['lambda: None', '', 'Nothing: the answer is empty, as for None.'],
    [
      'lambda: ("grüß dich 😀\\n" * 2, {"Content-Type": "text/plain"})',
      '',
      'grüß dich 😀\ngrüß dich 😀',
    ],
    ['lambda: ("a,b\\n1,2\\n", {"Content-Type": "text/csv"})', '', 'a,b\n1,2'],
  ]) {
    await write(page, code, kwargs);
    assert.equal(await run(page), 'Done');
    assert.equal((await output(page)).trimEnd(), shown);
  }
});

test('JSON is indented, and its numbers are those that were sent', async (t) => {
  const page = await open(t);
  await write(page, 'lambda: {"a": [1.0, 2**64, {}], "b": {"ü": "[1,2]"}, "c": []}');
  assert.equal(await run(page), 'Done');
  const shown = await output(page);
  assert.match(shown, /^\{\n {2}"a": \[\n {4}1\.0,\n {4}18446744073709551616,\n {4}\{\}\n {2}\],/);
  assert.deepEqual(JSON.parse(shown).b, { ü: '[1,2]' });
});

test('an image', async (t) => {
  const page = await open(t);
  await sample(page, 'Image');
  assert.equal(await run(page), 'Done');
  const image = page.locator('#output img');
  await until(() => image.evaluate((img) => img.naturalWidth === 360 && img.naturalHeight === 240));
  assert.match(await image.getAttribute('src'), /^blob:/);
});

test('sound that plays', async (t) => {
  const page = await open(t);
  await sample(page, 'Audio');
  assert.equal(await run(page), 'Done');
  const audio = page.locator('#output audio');
  await until(() => audio.evaluate((element) => element.duration > 1));
  await audio.evaluate((element) => element.play());
  await until(() => audio.evaluate((element) => element.currentTime > 0));
});

test('what is no text is offered to be saved', async (t) => {
  const page = await open(t);
  await write(page, 'lambda: bytes(range(256))');
  await page.click('#more summary');
  await page.fill('#path', '/a/all.bin');
  assert.equal(await run(page), 'Done');
  assert.match(await output(page), /application\/octet-stream/);
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.click('#facts a[download]'),
  ]);
  assert.equal(download.suggestedFilename(), 'all.bin');
});

test('a frame is a table', async (t) => {
  const page = await open(t);
  await write(
    page,
    'import pandas\ndef run(): return pandas.DataFrame({"n": [1, 2], "odd": [True, False]})',
  );
  assert.equal(await run(page), 'Done');
  const table = page.frameLocator('#output iframe').locator('table');
  assert.match(await table.innerText(), /n\s+odd\s+0\s+1\s+True\s+1\s+2\s+False/);
  assert.equal(await table.locator('tr').count(), 3);
  // As high as what is in it.
  const height = () => page.locator('#output iframe').evaluate((frame) => frame.clientHeight);
  await until(async () => (await height()) > 100 && (await height()) < 250);
});

test('the sample of a table needs no pandas', async (t) => {
  const page = await open(t);
  await sample(page, 'Table');
  const code = await page.inputValue('#code');
  await page.fill('#code', code.replace('import pandas', 'import no_such_pandas'));
  assert.equal(await run(page), 'Done');
  const table = page.frameLocator('#output iframe').locator('table');
  assert.match(await table.innerText(), /^n\s+square\s+root\s+1\s+1\s+1\.0\s+2\s+4\s+1\.4142/);
});

test('a stream is shown as it comes, and characters stay whole', async (t) => {
  const page = await open(t);
  const cut = '"first 😀 second".encode()';
  await write(
    page,
    `import os, time\ndef run():\n    yield ${cut}[:8]\n    ${waits('a')}\n    yield ${cut}[8:]\n    ${waits('b')}\n    yield b" third"`,
  );
  await start(page);
  await until(async () => (await output(page)) === 'first ');
  opens('a');
  await until(async () => (await output(page)) === 'first 😀 second');
  assert.equal(await page.textContent('#status'), 'Running…');
  opens('b');
  await until(async () => (await page.textContent('#status')) === 'Done');
  assert.equal(await output(page), 'first 😀 second third');
});

test('values and events are entries as they come', async (t) => {
  const page = await open(t);
  const entries = () => page.locator('#output li').allInnerTexts();
  for (const [gate, made] of [
    ['lines', (body) => `def run():\n${body}`],
    ['events', (body) => `def run(): return sse(all())\ndef all():\n${body}`],
  ]) {
    const body = `    yield {"n": 1, "of": [2]}\n    ${waits(gate)}\n    yield {"n": 2}`;
    await write(page, `import os, time\n${made(body)}`);
    await start(page);
    await until(async () => (await entries()).length === 1);
    assert.deepEqual(await entries(), ['{"n": 1, "of": [2]}']);
    opens(gate);
    await until(async () => (await page.textContent('#status')) === 'Done');
    assert.deepEqual(await entries(), ['{"n": 1, "of": [2]}', '{"n": 2}']);
  }
});

test('a page that streams is shown as it comes', async (t) => {
  const page = await open(t);
  await write(
    page,
    `import os, time\ndef run(): return stream(all()), {"Content-Type": "text/html"}\ndef all():\n    yield "<h1>One</h1><p>tw"\n    ${waits('page')}\n    yield "o</p><script>document.body.append('three')</script>"`,
  );
  await start(page);
  const body = page.frameLocator('#output iframe').locator('body');
  await until(async () => /^One\s+tw$/.test(await body.innerText()));
  opens('page');
  await until(async () => /^One\s+two\s+three$/.test(await body.innerText()));
});

test('however much comes, little of it is in the page', async (t) => {
  const page = await open(t);
  await write(page, 'def run():\n    for n in range(200_000): yield f"line {n}\\n"');
  assert.equal(await run(page), 'Done');
  const text = await page.locator('#output pre').evaluate((pre) => pre.textContent);
  assert.ok(text.length <= 400_000 && text.endsWith('line 199999\n'));
  assert.match(await page.locator('#output .soft').innerText(), /Only the end of it is shown/);
  await write(page, 'def run():\n    for n in range(5_000): yield {"n": n}');
  assert.equal(await run(page), 'Done');
  assert.equal(await page.locator('#output li').count(), 400);
  assert.equal(await page.locator('#output li').last().innerText(), '{"n": 4999}');
  await write(
    page,
    `def run(): return stream("<p>many words" * 9_000 for _ in range(99)), {"Content-Type": "text/html"}`,
  );
  assert.equal(await run(page), 'Done');
  assert.match(await output(page), /Only the beginning of it is shown/);
  await write(
    page,
    'def run(): return stream(bytes(1 << 20) for _ in range(70)), {"Content-Type": "image/png"}',
  );
  assert.equal(await run(page), 'Done');
  assert.match(await output(page), /too large to be shown/);
  assert.match(await page.locator('#facts').innerText(), /too large to download/);
});

for (const [how, press] of [
  ['the button', (page) => page.click('#stop')],
  ['Escape', (page) => page.keyboard.press('Escape')],
  ['another sample', (page) => sample(page, 'Hello')],
]) {
  test(`a call is stopped by ${how}, and the adaptor sees it`, async (t) => {
    const page = await open(t);
    for (const [kind, first] of [
      ['stream', 'yield "x"'],
      ['plain', 'pass'],
    ]) {
      const name = `${kind}-${how}`;
      const [begun, ended] = [`begun-${name}`, `ended-${name}`].map(owt.canary.bind(owt));
      await write(
        page,
        `import time
def run():
    ${first}
    open(${JSON.stringify(begun)}, 'w').close()
    try:
        time.sleep(600)
    except BaseException:
        open(${JSON.stringify(ended)}, 'w').close()
        raise`,
      );
      await start(page);
      await until(() => owt.ran(`begun-${name}`));
      await press(page);
      await until(() => owt.ran(`ended-${name}`));
      // The adaptor may see it before the page has told of it.
      await page.waitForSelector('#stop:disabled');
      if (how !== 'another sample') assert.equal(await page.textContent('#status'), 'Stopped');
    }
    await sample(page, 'Hello');
    assert.equal(await run(page), 'Done');
  });
}

test('an exception is shown with its traceback, and its line is marked', async (t) => {
  const page = await open(t, { viewport: { width: 1000, height: 700 } });
  const many = '# a line\n'.repeat(60);
  for (const [code, line, words] of [
    [`${many}import json\ndef run():\n    return json.loads("{")`, 63, /JSONDecodeError/],
    ['def run():\n    return inner()\n\ndef inner():\n    raise KeyError("k😀")\n', 5, /KeyError/],
    ['lambda: 1 / 0', 1, /ZeroDivisionError/],
    ['import nothing_such\ndef run(): pass', 1, /ModuleNotFoundError/],
    ['def run():\n    return 1 +\n', 2, /not runnable/],
  ]) {
    await write(page, code);
    assert.equal(await run(page), 'Failed');
    assert.match(await page.locator('.problem').innerText(), words);
    assert.equal(await page.getAttribute('.problem', 'role'), 'alert');
    const marked = await page
      .locator('.line')
      .evaluateAll((lines) =>
        lines.flatMap((line, index) => (line.classList.contains('fault') ? [index + 1] : [])),
      );
    assert.deepEqual(marked, [line]);
    // Quoted beside what happened, and a press goes there.
    const there = page.locator('.problem .line-at');
    assert.ok((await there.innerText()).startsWith(`line ${line} `));
    await there.click();
    assert.ok(await page.locator('.fault').evaluate(isInSight));
    const [chosen, wanted] = await page.evaluate(() => {
      const { value, selectionStart, selectionEnd } = document.getElementById('code');
      const fault = document.querySelector('.fault').textContent;
      return [value.slice(selectionStart, selectionEnd), fault];
    });
    assert.equal(chosen, wanted);
  }
  assert.match(await output(page), /invalid syntax/);
  await page.locator('#code').press('End');
  await page.keyboard.type(' 1');
  await until(async () => (await page.locator('.fault').count()) === 0);
});

test('other problems name what is at fault', async (t) => {
  const page = await open(t);
  const problem = async () => {
    await run(page);
    return page.locator('.problem').innerText();
  };
  await write(page, 'lambda a: a', '{"b": 1}');
  assert.match(await problem(), /field kwargs_b64/);
  await write(page, 'lambda: ({"no": "luck"}, 418)');
  assert.match(await problem(), /418[^]*luck/);
  await write(page, '');
  assert.match(await problem(), /no code/);
  assert.equal(await page.textContent('#status'), 'Not sent');
  await write(page, 'import time\ndef run(): time.sleep(600)');
  await page.click('#more summary');
  await page.fill('#timeout', '0.1');
  assert.match(await problem(), /deadline/i);
  await page.fill('#timeout', 'soon');
  assert.match(await problem(), /timeout is a number of seconds, not soon/);
  await page.fill('#timeout', '');
  const path = await page.inputValue('#path');
  await page.fill('#path', 'x');
  assert.match(await problem(), /the path begins with \//);
  assert.equal(await page.textContent('#no-url'), 'the path begins with /');
  await page.fill('#path', path);
  await write(
    page,
    `import os, time\ndef run():\n    yield "kept"\n    ${waits('cut')}\n    raise ValueError`,
  );
  await start(page);
  await until(async () => (await output(page)) === 'kept');
  opens('cut');
  await until(async () => /^kept[^]*the answer was cut/.test(await output(page)));
  await write(
    page,
    'def run():\n    def all():\n        yield 1\n        raise ValueError("late")\n    return sse(all())',
  );
  // A page that has not read the last words when the stream is cut, 0.3 s later, cannot know why.
  let told;
  for (let again = 0; again < 20 && !/ValueError/.test(told); again += 1) told = await problem();
  assert.match(told, /ValueError\s+late/);
  assert.equal(await page.locator('.fault').count(), 1);
});

test('a worker that dies is told of, and the next call works', async (t) => {
  const page = await open(t);
  // What is given in the last millisecond before a death may be lost with it: it waits.
  await write(
    page,
    `import os, time\ndef run():\n    yield "so far"\n    ${waits('death')}\n    os.abort()`,
  );
  await start(page);
  await until(async () => (await output(page)) === 'so far');
  opens('death');
  await until(async () => /^so far[^]*the answer was cut/.test(await output(page)));
  await write(page, 'import os\ndef run(): os.abort()');
  assert.equal(await run(page), 'Failed');
  assert.match(await page.locator('#facts').innerText(), /502/);
  assert.match(await page.locator('.problem').innerText(), /died|killed|ended/);
  await sample(page, 'Hello');
  assert.equal(await run(page), 'Done');
});

test('what else a call can say', async (t) => {
  const page = await open(t);
  await page.click('#more summary');
  await write(
    page,
    'def other(request): return [request.path, request.data.decode(), request.content_type]',
  );
  await page.fill('#path', '/a/b c.py?x=1');
  await page.fill('#fnName', 'other');
  await page.setInputFiles('#file', {
    name: 'a.txt',
    mimeType: 'text/plain',
    buffer: Buffer.from('grüß'),
  });
  assert.equal(await run(page), 'Done');
  assert.deepEqual(JSON.parse(await output(page)), ['/a/b c.py', 'grüß', 'text/plain']);
  assert.ok(await page.locator('#open').isHidden());

  await page.setInputFiles('#file', []);
  await page.fill('#fnName', '');
  await page.check('#useCache');
  await write(page, 'import random\ndef run(): return random.random()');
  await run(page);
  const first = await output(page);
  assert.match(await page.locator('#facts').innerText(), /kept in the cache/);
  await run(page);
  assert.equal(await output(page), first);
  assert.match(await page.locator('#facts').innerText(), /from the cache/);
});

test('it opens as a page of its own', async (t) => {
  const page = await open(t);
  await write(page, 'lambda who: f"<h1>Hi, {who}</h1>"', '{"who": "wörld"}');
  const [popup] = await Promise.all([page.waitForEvent('popup'), page.click('#open')]);
  assert.equal(await popup.locator('h1').innerText(), 'Hi, wörld');
});

test('the editor indents, undoes, and keeps what is in it for the tab', async (t) => {
  const page = await open(t);
  await page.fill('#code', '');
  await page.locator('#code').pressSequentially('def run():');
  await page.keyboard.press('Enter');
  await page.keyboard.type('if 1:');
  await page.keyboard.press('Enter');
  await page.keyboard.type('return 2');
  const written = 'def run():\n    if 1:\n        return 2';
  assert.equal(await page.inputValue('#code'), written);
  await page.keyboard.press('Enter');
  await page.keyboard.press('Tab');
  assert.equal(await page.inputValue('#code'), `${written}\n            `);
  await page.reload();
  assert.equal(await page.inputValue('#code'), `${written}\n            `);
  await sample(page, 'JSON');
  await page.focus('#code');
  await page.keyboard.press('Control+z');
  assert.equal(await page.inputValue('#code'), `${written}\n            `);
});

test('it needs nothing of a browser that keeps nothing', async (t) => {
  const page = await visit(t, browser);
  await page.addInitScript(() => {
    Object.defineProperty(globalThis, 'sessionStorage', {
      get() {
        throw new DOMException('Access is denied', 'SecurityError');
      },
    });
  });
  await page.goto(owt.url);
  await page.fill('#kwargs', '{"name": "you"}');
  assert.equal(await run(page), 'Done');
  assert.equal(await output(page), 'Hello, you!');
});

test('without JavaScript it says how to call from a shell', async (t) => {
  const page = await open(t, { javaScriptEnabled: false });
  const text = await page.locator('body').innerText();
  assert.ok(text.includes(`curl ${owt.url}/hello --json`));
  assert.ok(await page.locator('#app').isHidden());
});
