// One real Chromium for a test file.

import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { chromium } from 'playwright-core';

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
export function launch() {
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

/** A page in a context of its own, with these of Playwright's options, at that URL. */
export async function visit(t, browser, url, options) {
  const context = await browser.newContext(options);
  t.after(() => context.close());
  // Long enough for a machine with much else to do.
  context.setDefaultTimeout(90_000);
  const page = await context.newPage();
  if (url) await page.goto(url);
  return page;
}
