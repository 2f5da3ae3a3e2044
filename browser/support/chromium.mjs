// One real Chromium for a test file, and tests that outlast its crashes.

import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { test as once } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { chromium } from 'playwright-core';

import { Owt } from './owt.mjs';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome'];

function executable() {
  if (process.env.OWT_CHROMIUM) return process.env.OWT_CHROMIUM;
  const folders = process.env.PATH.split(delimiter);
  const found = NAMES.flatMap((name) => folders.map((folder) => join(folder, name))).find(isThere);
  if (!found) throw new Error(`none of ${NAMES.join(', ')} is on PATH; set OWT_CHROMIUM`);
  return found;
}

function isThere(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/**
 * `evil.test` and `owt.lan` are this machine.
 *
 * What Chromium itself would not send to loopback (Local Network Access) is sent: other browsers
 * do, and the door must hold without that help.
 */
function start() {
  return chromium.launch({
    executablePath: executable(),
    args: [
      '--host-resolver-rules=MAP evil.test 127.0.0.1, MAP owt.lan 127.0.0.1',
      '--ip-address-space-overrides=127.0.0.1:0=public',
      '--disable-gpu',
      '--disable-quic',
      '--autoplay-policy=no-user-gesture-required',
    ],
  });
}

/** A browser whose process is replaced if it has died. */
class Chromium {
  #process;

  static async start() {
    const browser = new Chromium();
    browser.#process = await start();
    return browser;
  }

  async newContext(options) {
    if (!this.#process.isConnected()) this.#process = await start();
    return this.#process.newContext(options);
  }

  close() {
    return this.#process.close();
  }
}

export const launch = () => Chromium.start();

/** Of each test that visited something: its contexts, and what of Chromium crashed meanwhile. */
const visits = new WeakMap();

/** A page in a context of its own, with these of Playwright's options, at that URL. */
export async function visit(t, browser, url, options) {
  const context = await browser.newContext(options);
  t.after(() => context.close());
  watch(t, context);
  // Long enough for a machine with much else to do.
  context.setDefaultTimeout(90_000);
  const page = await context.newPage();
  if (url) await page.goto(url);
  return page;
}

function watch(t, context) {
  const seen = visits.get(t) ?? { contexts: [], crashes: [] };
  visits.set(t, seen);
  seen.contexts.push(context);
  context.on('page', (page) => page.on('crash', () => seen.crashes.push(`the page ${page.url()}`)));
  context.browser().once('disconnected', () => seen.crashes.push('the browser'));
}

/** A test of `node:test` that goes by {@link onceMore}. */
export function test(name, options, body = options) {
  once(name, body === options ? {} : options, (t) => onceMore(t, body));
}

/**
 * Tries it, and once more if it failed while Chromium itself crashed: a page's process or all of
 * it, which no assertion and no patience of ours can do. The test's output says so.
 */
export async function onceMore(t, body) {
  try {
    await body(t);
  } catch (error) {
    const { contexts = [], crashes = [] } = visits.get(t) ?? {};
    await heard(contexts);
    if (!crashes.length) throw error;
    t.diagnostic(`CHROMIUM CRASHED (${crashes.join(', ')}), tried once more after: ${error}`);
    await Promise.all(contexts.map((context) => context.close()));
    Owt.forgetAll();
    await body(t);
  }
}

/** What a crash has broken may be told before the crash itself: a page that answers lives. */
async function heard(contexts) {
  const pages = contexts.flatMap((context) => context.pages());
  const answers = Promise.allSettled(pages.map((page) => page.evaluate('0')));
  await Promise.race([answers, pause(5_000, undefined, { ref: false })]);
}
