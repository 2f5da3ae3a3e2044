// The page of functions, with one that has run.

import { choose, publishing } from '../support/functions.mjs';
import { run } from '../support/landing.mjs';

export const name = 'functions';

export async function take(shoot) {
  const { page: url, stop } = await publishing({ broken: 'def f(:\n' });
  const shot = (as, chosen, fill) =>
    shoot(
      url,
      async (page) => {
        await page.waitForSelector('#modules details');
        await choose(page, chosen);
        await fill?.(page);
        await run(page);
        await page.evaluate(() => scrollTo(0, 0));
      },
      { as },
    );
  await shot('functions', 'tools.greet', (page) => page.fill('[name=name]', 'Ada'));
  await shot('functions-fault', 'tools.move', (page) => page.fill('[name=point]', '{"x": "a"}'));
  await stop();
}
