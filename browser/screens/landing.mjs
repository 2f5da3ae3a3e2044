// The landing page: as it is opened first, with an image, a table, an exception, its history.

import { panel, run, sample, until } from '../support/landing.mjs';
import { Owt } from '../support/owt.mjs';

export const name = 'landing';

export async function take(shoot) {
  const owt = await Owt.start();
  const shot = (as, name, isFrame = false) =>
    shoot(
      owt.url,
      async (page) => {
        await sample(page, name);
        // As for somebody who has been here before.
        if (await page.locator('#examples').isVisible())
          await page.click('[aria-controls=examples]');
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
  await shoot(owt.url, (page) => page.waitForSelector('.badge:not(:empty)'), {
    as: 'landing-first',
  });
  await shoot(
    owt.url,
    async (page) => {
      for (const name of ['JSON', 'Error', 'Hello']) {
        await sample(page, name);
        await run(page);
      }
      await panel(page, 'history');
      await page.evaluate(() => scrollTo(0, 0));
    },
    { as: 'landing-history' },
  );
  await shot('landing', 'Image');
  await shot('landing-table', 'Table', true);
  await shot('landing-error', 'Error');
  await owt.stop();
}
