// The landing page: as it is opened, with an image, and with an exception.

import { run, sample } from '../support/landing.mjs';
import { Owt } from '../support/owt.mjs';

export const name = 'landing';

export async function take(shoot) {
  const owt = await Owt.start();
  await shoot(owt.url, async (page) => {
    await page.waitForSelector('#app');
    await sample(page, 'Image');
    await run(page);
  });
  await owt.stop();
}
