// node screens.mjs FOLDER
//
// Photographs the page that asks whether to run a call: light, dark, on a phone.

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

import { launch } from './support/chromium.mjs';
import { callPath, Owt } from './support/owt.mjs';

const CODE = `"""Mandelbrot's set as an image."""
import numpy as np
from PIL import Image


def run(size=640, steps=60, centre=-0.5 + 0j):
    side = np.linspace(-1.5, 1.5, size)
    plane = centre + side[None, :] + 1j * side[:, None]
    z, seen = np.zeros_like(plane), np.zeros(plane.shape, int)
    for step in range(steps):  # 'early' is <b>not</b> an option\u202e here
        alive = abs(z) < 2
        z[alive] = z[alive] ** 2 + plane[alive]
        seen[alive] = step
    return Image.fromarray((255 * seen / steps).astype("uint8"))
`;

const VIEWS = {
  light: { viewport: { width: 1100, height: 900 }, colorScheme: 'light' },
  dark: { viewport: { width: 1100, height: 900 }, colorScheme: 'dark' },
  phone: { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, isMobile: true },
};

const folder = process.argv[2];
if (!folder) throw new Error('say where to: node screens.mjs FOLDER');
mkdirSync(folder, { recursive: true });
const [owt, browser] = await Promise.all([Owt.start(), launch()]);
const kwargs = '{"size": 800, "steps": 120}';
const call = callPath('/mandelbrot.png', CODE, { kwargs, use_cache: 'true', timeout: '20' });
for (const [name, view] of Object.entries(VIEWS)) {
  const context = await browser.newContext(view);
  const page = await context.newPage();
  await page.goto(owt.url + call);
  await page.waitForSelector('#run:enabled');
  const path = join(folder, `run-page-${name}.png`);
  await page.screenshot({ path, fullPage: true });
  console.log(path);
}
await Promise.all([owt.stop(), browser.close()]);
