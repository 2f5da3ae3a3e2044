// node screens.mjs FOLDER [NAME…]
//
// Photographs owt's pages, or those of these names: at three widths, light and dark. Each file of screens/
// has a `name` and `take(shoot)`, which calls `shoot(url, prepare)` on a server that it starts.

import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { owt } from '../clients/js/index.js';
import { launch } from './support/chromium.mjs';
import { Owt } from './support/owt.mjs';

const DESKTOP = { viewport: { width: 1280, height: 860 } };
const TABLET = { viewport: { width: 820, height: 1100 } };
const PHONE = {
  viewport: { width: 390, height: 844 },
  deviceScaleFactor: 1.25,
  isMobile: true,
  hasTouch: true,
};
const VIEWS = {
  light: { ...DESKTOP, colorScheme: 'light' },
  dark: { ...DESKTOP, colorScheme: 'dark' },
  tablet: { ...TABLET, colorScheme: 'light' },
  'tablet-dark': { ...TABLET, colorScheme: 'dark' },
  phone: { ...PHONE, colorScheme: 'light' },
  'phone-dark': { ...PHONE, colorScheme: 'dark' },
};

/** No picture in the repository is larger than this many bytes. */
const MOST = 150_000;

/** 256 colours are enough for a page. */
const SHRINK = `
import io
from PIL import Image

def run(request):
    image = Image.open(io.BytesIO(request.data)).convert('RGB')
    small = io.BytesIO()
    image.quantize(256, dither=Image.Dither.NONE).save(small, 'PNG', optimize=True)
    return small.getvalue()
`;

const [folder, ...names] = process.argv.slice(2);
if (!folder) throw new Error('say where to: node screens.mjs FOLDER [NAME…]');
mkdirSync(folder, { recursive: true });
const [server, browser] = await Promise.all([Owt.start(), launch()]);

/**
 * Opens that URL in each view, has `prepare(page)` bring it to what is to be seen, and writes
 * `NAME-VIEW.png`, or `AS-VIEW.png`: all of the page, or with `fullPage: false` what the window shows.
 */
function shooter(name) {
  return async (url, prepare = async () => {}, { as = name, fullPage = true } = {}) => {
    for (const [view, options] of Object.entries(VIEWS)) {
      const context = await browser.newContext(options);
      const page = await context.newPage();
      await page.goto(url);
      await prepare(page);
      // As tall as the page, so that what sticks to the window's end is at the page's.
      if (fullPage) {
        const height = await page.evaluate(() => document.documentElement.scrollHeight);
        await page.setViewportSize({ ...options.viewport, height: Math.min(height, 4000) });
      }
      const path = join(folder, `${as}-${view}.png`);
      const taken = await page.screenshot({ fullPage, animations: 'disabled' });
      await context.close();
      const small = await owt(server.url, SHRINK, null, { data: taken }).bytes();
      if (small.length > MOST) throw new Error(`${path} would have ${small.length} bytes`);
      writeFileSync(path, small);
      console.log(path, small.length);
    }
  };
}

for (const file of readdirSync(new URL('screens/', import.meta.url)).sort()) {
  const { name, take } = await import(`./screens/${file}`);
  if (!names.length || names.includes(name)) await take(shooter(name));
}
await Promise.all([server.stop(), browser.close()]);
