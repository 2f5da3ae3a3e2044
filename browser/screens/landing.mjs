// The landing page: with an image, and with an exception.

import { run, sample } from '../support/landing.mjs';
import { Owt } from '../support/owt.mjs';

export const name = 'landing';

export async function take(shoot) {
  const owt = await Owt.start();
  const shot = async (name, options) => {
    await shoot(
      owt.url,
      async (page) => {
        await sample(page, name);
        await run(page);
        // Of all that Run does only what it says is to be seen.
        await page.evaluate(() => scrollTo(0, 0));
      },
      options,
    );
  };
  await shot('Image');
  await shot('Error', { as: 'landing-error' });
  await shot('Table', { as: 'landing-table' });
  await owt.stop();
}
