// The landing page: with an image, a table, an exception.

import { run, sample, until } from '../support/landing.mjs';
import { Owt } from '../support/owt.mjs';

export const name = 'landing';

export async function take(shoot) {
  const owt = await Owt.start();
  const shot = (as, name) =>
    shoot(
      owt.url,
      async (page) => {
        await sample(page, name);
        await run(page);
        if (name === 'Table') {
          const frame = page.locator('#output iframe');
          await until(() => frame.evaluate(({ clientHeight }) => clientHeight > 150));
        }
        // Where Run has scrolled to on a phone is not the page's beginning.
        await page.evaluate(() => scrollTo(0, 0));
      },
      { as },
    );
  await shot('landing', 'Image');
  await shot('landing-table', 'Table');
  await shot('landing-error', 'Error');
  await owt.stop();
}
