// What the tests share: a real server, and Python to wait with.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before } from 'node:test';

import { owt } from '../index.js';
import { Owt } from '../../../browser/support/owt.mjs';

/** A server for all tests of a file; `server.url` is known when they run. */
export function serve(...args) {
  const server = {};
  let running;
  before(async () => {
    running = await Owt.start(...args);
    server.url = running.url;
    server.port = running.port;
  });
  after(() => running.stop());
  return server;
}

/** A folder that is gone after the test. */
export function folder(t) {
  const path = mkdtempSync(join(tmpdir(), 'owt-js-'));
  t.after(() => rmSync(path, { recursive: true }));
  return path;
}

const WAIT = `
def run(path):
    import os, time
    while not os.path.exists(path):
        time.sleep(0.005)
    return open(path).read()
`;

/** What some code left in that file, as soon as it is there. */
export function left(server, path) {
  return owt(server.url, WAIT, { path }, { timeout: 60 }).text();
}

/** A stream of `first` and, when the file `gate` is there, `last`; `around` is put around both. */
export const GATED = `
import os, time

def run(gate, first, last, headers=None):
    def parts():
        yield first
        while not os.path.exists(gate):
            time.sleep(0.005)
        yield last
    return (parts(), headers) if headers else parts()
`;

/** A stream that never ends, and leaves `seen` with what ended it. */
export const ENDLESS = `
import os, time

def keep(path, text):
    with open(path + '.part', 'w') as file:
        file.write(text)
    os.rename(path + '.part', path)

def run(seen, started=None):
    try:
        if started:
            keep(started, 'yes')
            time.sleep(600)
        while True:
            yield 'more'
            time.sleep(0.005)
    except BaseException as error:
        keep(seen, type(error).__name__)
        raise
`;
