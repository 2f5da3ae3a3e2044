// A problem as a page.

import { callPath, Owt } from '../support/owt.mjs';
import { openAndRun } from '../support/run-page.mjs';

export const name = 'problem';

const CODE = `import json


def run(text):
    """The name that JSON holds."""
    return parsed(text)


def parsed(text):
    return json.loads(text)["name"]
`;

export async function take(shoot) {
  const owt = await Owt.start();
  const url =
    owt.url + callPath('/name', CODE, { kwargs: JSON.stringify({ text: '{"nome": 1}' }) });
  await shoot('about:blank', async (page) => {
    await openAndRun(page, url);
    await page.waitForSelector('#run:enabled');
  });
  await owt.stop();
}
