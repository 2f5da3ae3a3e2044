// The landing page: with an image, a table, an exception.

import { run, sample, until } from '../support/landing.mjs';
import { Owt } from '../support/owt.mjs';

export const name = 'landing';

export async function take(shoot) {
  const owt = await Owt.start();
  const shot = (as, name, isFrame = false) =>
    shoot(
      owt.url,
      async (page) => {
        await sample(page, name);
        await run(page);
        if (isFrame) {
          const frame = page.locator('#output iframe');
          await until(() => frame.evaluate(({ clientHeight }) => clientHeight > 150));
          await frame.scrollIntoViewIfNeeded();
        } else {
          // Where Run has scrolled to on a phone is not the page's beginning.
          await page.evaluate(() => scrollTo(0, 0));
        }
      },
      // A frame of another origin is painted only where it is in sight.
      { as, fullPage: !isFrame },
    );
  await shot('landing', 'Image');
  await shot('landing-table', 'Table', true);
  await shot('landing-error', 'Error');
  await owt.stop();
}
