// The landing page, as a person uses it.

/** Presses Run in that way, and waits for what comes of it: `Done`, `Failed` or `Stopped`. */
export async function run(page, press = () => page.click('#run')) {
  await press();
  await page.waitForFunction(() => /^(Done|Failed|Stopped|Not sent)$/.test(document.getElementById("status").textContent));
  return page.textContent('#status');
}

/** Writes a call into the page. */
export async function write(page, code, kwargs = '') {
  await page.fill('#code', code);
  await page.fill('#kwargs', kwargs);
}

/** Takes the sample of that name. */
export async function sample(page, name) {
  await page.click(`#samples button:text-is("${name}")`);
}
