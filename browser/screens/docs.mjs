// The docs: a document, and a search.

import { Owt } from '../support/owt.mjs';

export const name = 'docs';

export async function take(shoot) {
  const owt = await Owt.start();
  const url = `${owt.url}/_owt/docs`;
  // The beginning says how it looks; all of it would be large.
  await shoot(url, undefined, { fullPage: false });
  await shoot(
    `${url}/wire`,
    async (page) => {
      await page.fill('#search', 'cache key');
      await page.waitForSelector('#found li');
    },
    { as: 'docs-search', fullPage: false },
  );
  await owt.stop();
}
