// The page that shows what will run, and its button.

/**
 * Opens a call's URL as a user does, and presses Run.
 * Gives the response to the call itself.
 */
export async function openAndRun(page, url, { remember = false } = {}) {
  await page.goto(url);
  if (remember) await page.check('[name=remember]');
  return pressRun(page, () => page.click('#run'));
}

/** Presses Run in that way, and gives the response to the call itself. */
export async function pressRun(page, press) {
  const [response] = await Promise.all([page.waitForNavigation(), press()]);
  return response;
}
