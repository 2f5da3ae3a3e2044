// The speech page in the middle of its second sentence.

import { serve, urlOf, whyNot } from '../support/examples.mjs';
import { pressRun } from '../support/run-page.mjs';

export const name = 'speech';

export async function take(shoot) {
  const missing = whyNot('speech');
  if (missing) return console.log(`no picture of speech: ${missing}`);
  const owt = await serve();
  await shoot(urlOf('speech', owt, '--whole'), async (page) => {
    await pressRun(page, () => page.click('#run'));
    await page.waitForFunction(() => document.querySelector('#voice').options.length);
    await page.click('#speak');
    await page.waitForFunction(() => /^5 of 5/.test(document.querySelector('#status').textContent));
    await page.click('#sentences li:nth-child(2) button');
    await page.waitForFunction(() => document.querySelector('#audio').currentTime > 0.6);
  });
  await owt.stop();
}
