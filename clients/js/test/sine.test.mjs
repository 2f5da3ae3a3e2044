// node --test test/sine.test.mjs
//
// The program with a web interface of TARP's README, of which only the import is changed: called
// from JavaScript, and looked at in Chromium.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

import { launch, test, visit } from '../../../browser/support/chromium.mjs';
import { openAndRun } from '../../../browser/support/run-page.mjs';
import { folder } from './support.mjs';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const PROGRAM = join(ROOT, 'clients/python/tests/tarp_programs/sine.py');

async function freePort() {
  const listener = createServer().listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const { port } = listener.address();
  await new Promise((closed) => listener.close(closed));
  return port;
}

/** The program on a free port in place of its 8080; gives its address. */
async function running(t) {
  const source = readFileSync(PROGRAM, 'utf8');
  const program = join(folder(t), 'sine.py');
  writeFileSync(program, source.replace('port=8080', `port=${await freePort()}`));
  const venv = process.env.OWT_TEST_VENV ?? join(ROOT, 'target/venv');
  const env = {
    ...process.env,
    PYTHONPATH: join(ROOT, 'owt-python/python'),
    OWT_BINARY: process.env.OWT_BIN ?? join(ROOT, 'target/debug/owt'),
  };
  const options = { env, stdio: ['ignore', 'pipe', 'inherit'] };
  const child = spawn(join(venv, 'bin/python'), [program], options);
  const ended = once(child, 'exit');
  t.after(async () => {
    child.kill();
    await ended;
  });
  const [line] = await Promise.race([once(createInterface(child.stdout), 'line'), ended]);
  const [, url] = /^owt serving on (http\S+?)\/?( |$)/.exec(line) ?? assert.fail(`it said ${line}`);
  return url;
}

/** The image as the page shows it: its size, and what colours it has. */
async function look(page) {
  return page.evaluate(() => {
    const [image] = document.images;
    const { naturalWidth: width, naturalHeight: height } = image;
    const context = Object.assign(document.createElement('canvas'), {
      width,
      height,
    }).getContext('2d');
    context.drawImage(image, 0, 0);
    const { data } = context.getImageData(0, 0, width, height);
    // Where the curve is: the leftmost and the rightmost pixel of its blue, and the highest.
    const curve = [];
    for (let at = 0; at < data.length; at += 4) {
      const [red, green, blue] = data.slice(at, at + 3);
      if (blue > 150 && red < 80 && green > 90 && green < 150) {
        curve.push([(at / 4) % width, Math.floor(at / 4 / width)]);
      }
    }
    const [xs, ys] = [0, 1].map((axis) => curve.map((point) => point[axis]));
    const span = (all) => Math.max(...all) - Math.min(...all);
    return {
      width,
      height,
      corner: [...data.slice(0, 3)],
      wide: span(xs),
      high: span(ys),
    };
  });
}

test('the sine is called from JavaScript, and its picture is a sine in Chromium', async (t) => {
  const url = await running(t);
  const asked = async (path) => {
    const response = await fetch(url + path);
    assert.equal(response.status, 200, path);
    return response;
  };
  const { result } = await (await asked('/set_params?lower=0&upper=3.14159')).json();
  assert.deepEqual(result, { lower: 0, upper: 3.14159 });
  const { x, y } = (await (await asked('/get_data')).json()).result;
  assert.deepEqual([x.length, x[0], x.at(-1)], [100, 0, 3.14159]);
  assert.ok(y.every((sine, at) => Math.abs(sine - Math.sin(x[at])) < 1e-12));
  const plot = await asked('/get_plot');
  assert.equal(plot.headers.get('Content-Type'), 'image/png');
  const png = new Uint8Array(await plot.arrayBuffer());
  assert.deepEqual([...png.subarray(0, 4)], [0x89, 0x50, 0x4e, 0x47]);

  const browser = await launch();
  t.after(() => browser.close());
  const page = await visit(t, browser);
  await openAndRun(page, `${url}/get_plot`);
  const seen = await look(page);
  assert.deepEqual([seen.width, seen.height, seen.corner], [1000, 500, [255, 255, 255]]);
  assert.ok(seen.wide > 600 && seen.high > 250, JSON.stringify(seen));
});
