// The landing page, as a person uses it.

import { setTimeout as pause } from 'node:timers/promises';

/** Nothing takes longer than this many milliseconds, or the test has failed. */
const PATIENCE = 60_000;

/** Waits until it is so. */
export async function until(isSo) {
  for (const end = Date.now() + PATIENCE; !(await isSo()); await pause(20)) {
    if (Date.now() > end) throw new Error(`it never came to this: ${isSo}`);
  }
}

/** Presses Run, and waits until the call is on its way. */
export async function start(page) {
  await page.click('#run');
  await page.waitForSelector('#stop:enabled');
}

/** Presses Run in that way, and waits for what comes of it: `Done`, `Failed` or `Not sent`. */
export async function run(page, press = () => page.click('#run')) {
  await page.evaluate(() => (document.getElementById('status').textContent = ''));
  await press();
  await page.waitForFunction(() => {
    const { textContent } = document.getElementById('status');
    return textContent && textContent !== 'Running…' && document.getElementById('stop').disabled;
  });
  return page.textContent('#status');
}

/** Writes a call into the page. */
export async function write(page, code, kwargs = '') {
  await page.fill('#code', code);
  await page.fill('#kwargs', kwargs);
  await frame(page);
}

/** Waits until the page has drawn what was written into it. */
export async function frame(page) {
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => done())));
}

/** Takes the sample of that name. */
export async function sample(page, name) {
  await panel(page, 'examples');
  await page.click(`#samples button:has(b:text-is("${name}"))`);
}

/** Opens the panel of that name. */
export async function panel(page, name) {
  const button = page.locator(`#panels [aria-controls=${name}]`);
  if ((await button.getAttribute('aria-expanded')) !== 'true') await button.click();
}
