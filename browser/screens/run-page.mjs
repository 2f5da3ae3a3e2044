// The page that asks whether to run a call.

import { callPath, Owt } from '../support/owt.mjs';

export const name = 'run-page';

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

export async function take(shoot) {
  const owt = await Owt.start();
  const kwargs = '{"size": 800, "steps": 120}';
  const call = callPath('/mandelbrot.png', CODE, { kwargs, use_cache: 'true', timeout: '20' });
  await shoot(owt.url + call, (page) => page.waitForSelector('#run:enabled'));
  await owt.stop();
}
