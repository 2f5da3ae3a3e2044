// node --test tests/chat.test.mjs
//
// The chat page: it shows tokens as they are made, and says so when something breaks.

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe } from 'node:test';

import { owt as call } from '../../clients/js/index.js';
import { accessible } from '../support/axe.mjs';
import { launch, test, visit } from '../support/chromium.mjs';
import { EXAMPLES, serve, urlOf, whyNot } from '../support/examples.mjs';
import { openAndRun } from '../support/run-page.mjs';

const FOLDER = join(EXAMPLES, 'chat');
const CHAT = readFileSync(join(FOLDER, 'chat.py'), 'utf8');
const LONG = 'Tell me a long story about an owl and the moon.';
const SHORT = 'Name three birds.';

/** Answers with what it was asked. */
const ECHO = `
import json

def events(**asked):
    return sse([{"token": json.dumps(asked)}, {"end": "stop", "count": 1, "rate": 1.0}])
`;

/** Says a word, and takes its process down when that file is there. */
const dying = (path) => `
import os, time

def one():
    yield {"token": "Well", "count": 1}
    while not os.path.exists(${JSON.stringify(path)}):
        time.sleep(0.01)
    os.abort()

def events(**asked):
    return sse(one())
`;

describe('the chat page', { skip: whyNot('chat'), timeout: 300_000 }, () => {
  let owt, browser;
  before(async () => {
    [owt, browser] = await Promise.all([serve(), launch()]);
  });
  after(() => Promise.all([owt.stop(), browser.close()]));

  async function opened(t, options) {
    const page = await visit(t, browser, undefined, options);
    await openAndRun(page, urlOf('chat', owt, '--whole'));
    await page.waitForSelector('#message:focus');
    return page;
  }

  const say = async (page, text) => {
    await page.fill('#message', text);
    await page.press('#message', 'Enter');
  };
  /**
   * Asks that, and gives the first words of the answer while the rest is made. It is looked for
   * before it is asked: a short answer may have ended by the time that one looks.
   */
  const begun = async (page, ask) => {
    const first = page.waitForFunction(
      () =>
        !document.querySelector('#stop').disabled &&
        document.querySelector('.making .text')?.textContent,
    );
    await ask();
    return (await first).jsonValue();
  };
  const ended = (page) => page.waitForSelector('#stop:disabled', { timeout: 120_000 });
  const texts = (page) => page.locator('.text').allTextContents();
  const set = (page, id, value) =>
    page.evaluate(
      ([id, value]) => {
        document.getElementById(id).value = value;
        document.getElementById(id).dispatchEvent(new Event('input'));
      },
      [id, value],
    );
  /** Waits until the model does nothing. */
  async function idle() {
    while ((await call(owt.url, CHAT, null, { fnName: 'status' }).json()).generating);
  }

  test('tokens are shown before the answer has ended', async (t) => {
    const page = await opened(t);
    await set(page, 'length', '64');
    const early = await begun(page, () => say(page, LONG));
    await ended(page);
    const [question, answer] = await texts(page);
    assert.equal(question, LONG);
    assert.ok(answer.startsWith(early) && answer.length > early.length);
    assert.match(
      await page.textContent('.model .pace'),
      /^64 tokens · \d+ a second · cut at the longest answer$/,
    );
    // The page's answer is everybody's.
    assert.equal(answer, await call(owt.url, CHAT, { prompt: LONG, max_tokens: 64 }).text());
  });

  test('the keyboard is enough', async (t) => {
    const page = await opened(t);
    await page.keyboard.type('Name');
    await page.keyboard.press('Shift+Enter');
    await page.keyboard.type('three birds.');
    await begun(page, () => page.keyboard.press('Enter'));
    assert.equal(await page.inputValue('#message'), '');
    await ended(page);
    assert.equal((await texts(page))[0], 'Name\nthree birds.');
    await set(page, 'length', '4000');
    await begun(page, () => say(page, LONG));
    await page.keyboard.press('Escape');
    await ended(page);
    assert.match(await page.locator('.pace').last().textContent(), /stopped$/);
    // All that can be pressed can be reached.
    const reached = new Set();
    for (let keys = 0; keys < 20; keys += 1) {
      await page.keyboard.press('Tab');
      reached.add(
        await page.evaluate(() => document.activeElement.id || document.activeElement.textContent),
      );
      if (await page.evaluate(() => document.activeElement.matches('summary')))
        await page.keyboard.press('Enter');
    }
    for (const id of [
      'message',
      'send',
      'fresh',
      'system',
      'temperature',
      'seed',
      'length',
      'code',
    ])
      assert.ok(reached.has(id), `${id} is not reached by Tab`);
  });

  test('Stop ends the answer, here and on the server', async (t) => {
    const page = await opened(t);
    await set(page, 'length', '4000');
    await begun(page, () => say(page, LONG));
    await page.click('#stop');
    await ended(page);
    await idle();
    const [, stopped] = await texts(page);
    assert.match(await page.textContent('.model .pace'), /stopped$/);
    assert.equal(await page.isHidden('#problem'), true);
    await say(page, SHORT);
    await ended(page);
    const [, first, , second] = await texts(page);
    assert.equal(first, stopped);
    assert.ok(second);
  });

  test('a new chat forgets the old one, which may be under way', async (t) => {
    const page = await opened(t);
    await set(page, 'length', '4000');
    await begun(page, () => say(page, LONG));
    await page.click('#fresh');
    assert.deepEqual(await texts(page), []);
    await page.evaluate(() => (document.querySelector('#python').open = true));
    await page.fill('#code', ECHO);
    await page.click('#starters button >> nth=0');
    await ended(page);
    const [question, answer] = await texts(page);
    assert.deepEqual(JSON.parse(answer).messages, [{ role: 'user', content: question }]);
  });

  test('the next turn sends what was said and what is set', async (t) => {
    const page = await opened(t);
    await say(page, SHORT);
    await ended(page);
    const [, answer] = await texts(page);
    await page.click('#settings summary');
    await page.fill('#system', 'You are “brief”.');
    await page.focus('#temperature');
    for (let step = 0; step < 3; step += 1) await page.keyboard.press('ArrowRight');
    assert.equal(await page.textContent('#temperature-said'), '0.8');
    await page.fill('#seed', '7');
    await page.fill('#length', '99');
    await page.click('#python summary');
    await page.fill('#code', ECHO);
    await say(page, 'And fish? 🐟');
    await ended(page);
    assert.deepEqual(JSON.parse((await texts(page))[3]), {
      messages: [
        { role: 'user', content: SHORT },
        { role: 'assistant', content: answer },
        { role: 'user', content: 'And fish? 🐟' },
      ],
      system: 'You are “brief”.',
      temperature: 0.8,
      seed: 7,
      max_tokens: 99,
    });
  });

  test('what breaks is said in words, with its line', async (t) => {
    const page = await opened(t);
    await page.click('#python summary');
    const broken = CHAT.replace('    whole("seed"', '    1 / 0\n    whole("seed"');
    await page.fill('#code', broken);
    assert.ok(await page.isVisible('#edited'));
    await say(page, SHORT);
    await ended(page);
    assert.match(await page.textContent('#what'), /ZeroDivisionError: division by zero/);
    const number = broken.split('\n').indexOf('    1 / 0') + 1;
    assert.equal(await page.textContent('#line'), `line ${number}: 1 / 0`);
    await page.click('#line');
    const selected = await page.evaluate(() => {
      const { value, selectionStart, selectionEnd } = document.activeElement;
      return value.slice(selectionStart, selectionEnd);
    });
    assert.equal(selected, '    1 / 0');
    // It is as if it had not been said.
    assert.deepEqual(await texts(page), []);
    assert.equal(await page.inputValue('#message'), SHORT);

    await page.fill('#code', 'def events(:');
    await page.click('#send');
    await ended(page);
    assert.equal(await page.textContent('#line'), 'line 1: def events(:');

    await page.click('#reset');
    assert.equal(await page.inputValue('#code'), CHAT);
    await page.click('#send');
    await ended(page);
    assert.ok(await page.isHidden('#problem'));
    assert.ok((await texts(page))[1]);
  });

  test('an answer that breaks off is said to, and the next one comes', async (t) => {
    const page = await opened(t);
    await page.click('#python summary');
    const path = owt.canary('die');
    await page.fill('#code', dying(path));
    await say(page, SHORT);
    await page.waitForSelector('.making .text:text("Well")');
    writeFileSync(path, '');
    await ended(page);
    assert.match(await page.textContent('#what'), /^The Python that was answering died\. /);
    assert.match(await page.textContent('.model .pace'), /broke off$/);
    assert.equal((await texts(page))[1], 'Well');
    await page.click('#reset');
    await say(page, SHORT);
    await ended(page);
    assert.ok((await texts(page))[3]);
    assert.ok(await page.isHidden('#problem'));
  });

  test('what the adaptor refuses is said in its words', async (t) => {
    const page = await opened(t);
    await say(page, 'owls and '.repeat(3000));
    await ended(page);
    assert.match(await page.textContent('#what'), /tokens, and the model remembers 4096/);
    await set(page, 'seed', '');
    await page.fill('#message', SHORT);
    await page.click('#send');
    assert.equal(await page.evaluate(() => document.activeElement.id), 'seed');
    assert.deepEqual(await texts(page), []);
  });

  test('it is heard once an answer, not once a token', async (t) => {
    const page = await opened(t);
    await page.evaluate(() => {
      globalThis.heard = [];
      const status = document.getElementById('status');
      new MutationObserver(() => heard.push(status.textContent)).observe(status, {
        childList: true,
      });
    });
    await say(page, SHORT);
    await ended(page);
    const [, answer] = await texts(page);
    assert.deepEqual(await page.evaluate('heard'), ['Answering …', `SmolLM2: ${answer}`]);
    const live = '[aria-live], [role=log], [role=alert], [role=status]';
    assert.equal(await page.locator(`:is(${live}) .text`).count(), 0);
  });

  for (const colorScheme of ['light', 'dark']) {
    test(`axe-core finds nothing wrong: ${colorScheme}`, async (t) => {
      const page = await opened(t, { colorScheme });
      await accessible(page);
      await set(page, 'length', '4000');
      await begun(page, () => say(page, LONG));
      await accessible(page);
      await page.click('#stop');
      await ended(page);
      await page.click('#settings summary');
      await page.click('#python summary');
      await page.fill('#code', 'def events(**asked):\n    return 1 / 0\n');
      await say(page, SHORT);
      await ended(page);
      await page.click('#traced summary');
      await accessible(page);
    });
  }

  test('it asks no other host, weighs little, and fits a phone', async (t) => {
    const page = await visit(t, browser, undefined, {
      viewport: { width: 390, height: 844 },
      isMobile: true,
    });
    let bytes = 0;
    const asked = new Set();
    page.on('request', (request) => asked.add(new URL(request.url()).host || 'data:'));
    page.on('response', async (response) => {
      bytes += (await response.body().catch(() => '')).length;
    });
    await openAndRun(page, urlOf('chat', owt));
    await say(page, SHORT);
    await ended(page);
    asked.delete('data:');
    assert.deepEqual([...asked], [new URL(owt.url).host]);
    assert.ok(bytes < 400_000, `${bytes} bytes`);
    const { scrollWidth, clientWidth } = await page.evaluate(() => {
      const { scrollWidth, clientWidth } = document.documentElement;
      return { scrollWidth, clientWidth };
    });
    assert.ok(scrollWidth <= clientWidth, `${scrollWidth} > ${clientWidth}`);
  });
});
