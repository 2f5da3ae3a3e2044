// node --test test/many.test.mjs
//
// 2,000 calls through what says 103 before each answer, cuts one in ten, and starts anew five times.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';

import { owt, OwtError } from '../index.js';
import { head, peer, whole } from './peer.mjs';

const CALLS = 2000;

test('no wrong answer, none run twice, and each failure the own error', async (t) => {
  const runs = new Map();
  const { url, server, sockets } = await peer(t, {
    '/': async (socket, { body }) => {
      const expression = Buffer.from(JSON.parse(body).kwargs_b64, 'base64').toString();
      runs.set(expression, (runs.get(expression) ?? 0) + 1);
      const n = Number(expression);
      const answer = head('103 Early Hints') + whole(`answer ${n}`);
      if (n % 10 === 3) socket.end(answer.slice(0, (n * 7) % answer.length));
      else socket.write(answer);
      if (n % 400 === 200) await restart(server, sockets);
    },
  });
  let [right, failed, next] = [0, 0, 0];
  const caller = async () => {
    while (next < CALLS) {
      const n = next++;
      try {
        assert.equal(await owt(url, 'f(x)', n).text(), `answer ${n}`);
        right++;
      } catch (error) {
        assert.ok(error instanceof OwtError, `${error}`);
        assert.ok(error.message.includes(url), error.message);
        failed++;
      }
    }
  };
  await Promise.all(Array.from({ length: 16 }, caller));
  assert.deepEqual(
    [...runs.values()].filter((times) => times > 1),
    [],
  );
  assert.equal(right + failed, CALLS);
  // What failed is what was cut, and what a restart met on its way.
  assert.ok(failed >= CALLS / 10 && right > CALLS / 2, `${right} right, ${failed} failed`);
});

async function restart(server, sockets) {
  const { port } = server.address();
  for (const socket of sockets) socket.destroy();
  server.close();
  await once(server, 'close');
  server.listen(port, '127.0.0.1');
}
