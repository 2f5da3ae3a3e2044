// The chat page: a conversation, and its settings and Python.

import { serve, urlOf } from '../support/examples.mjs';
import { openAndRun } from '../support/run-page.mjs';

export const name = 'chat';

export async function take(shoot) {
  const owt = await serve();
  const url = urlOf('chat', owt, '--whole');
  const prepare = async (page) => {
    await openAndRun(page, url);
    for (const text of ['Name three fruits and their colours.', 'Which is the sweetest?']) {
      await page.fill('#message', text);
      await page.press('#message', 'Enter');
      await page.waitForSelector('#stop:disabled', { timeout: 60_000 });
    }
    await page.click('#settings summary');
    await page.click('#python summary');
    await page.fill('#message', 'And the healthiest?');
    await page.evaluate(() => document.activeElement.blur());
  };
  await shoot('about:blank', prepare);
  await owt.stop();
}
