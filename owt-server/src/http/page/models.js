// The examples that bring a model: what each needs, and whether the server's Python has it.

import { DEFAULTS } from './call.js';
import { installed, normal } from './packages.js';
import { shell } from './quote.js';

const FOLDER = '/_owt/page/examples';

const model = (file, name, what, call, data) => ({ file, name, what, call, data });

/** `file` names the code and the packages; `data` is a file to begin with. */
export const MODELS = [
  model('speech', 'Speech', 'Piper speaks a text', {
    kwargs: '{"text": "The owl looked at the moon, and the moon looked back."}',
    fnName: 'wav',
    path: '/speech.wav',
  }),
  model('chat', 'Chat', 'SmolLM2 answers, token by token', {
    kwargs: '{"prompt": "Why is the sea salty?"}',
    path: '/chat',
  }),
  model(
    'transcribe',
    'Transcribe',
    'Whisper writes down what it hears',
    {
      fnName: 'segments',
      path: '/transcribe',
    },
    ['speech.wav', 'audio/wav'],
  ),
  model('embed', 'Embed', 'MiniLM shows which sentences mean alike', {
    kwargs:
      '{"sentences": [\n  "A man is eating food.",\n  "Someone is having a meal.",\n' +
      '  "A girl is carrying a baby.",\n  "The stock market fell today."\n]}',
    fnName: 'heatmap',
    path: '/embed.png',
  }),
  model(
    'ocr',
    'OCR',
    'PP-OCR reads the text in a picture',
    {
      fnName: 'picture',
      path: '/ocr.png',
    },
    ['page.png', 'image/png'],
  ),
];

/** The call and the file of an example. */
export async function load({ file, call, data }) {
  const code = await (await fetched(`${file}.py`)).text();
  const sample =
    data && new File([await (await fetched(data[0])).blob()], data[0], { type: data[1] });
  return { call: { ...DEFAULTS, ...call, code }, sample };
}

/**
 * What an example still needs: `missing` packages, each with its version, and the `command` that
 * installs them; `size` is what all of its packages are to download.
 */
export async function needs({ file }) {
  const [text, { python, packages }] = await Promise.all([
    fetched(`${file}.txt`).then((response) => response.text()),
    installed(),
  ]);
  const [, size] = /^# (\d+ MB) to download/.exec(text) ?? [];
  const there = new Set(packages.map(([name]) => normal(name)));
  const pins = text.split('\n').filter((line) => /^\w/.test(line));
  const missing = pins.filter((pin) => !there.has(normal(pin.split('==')[0])));
  const command = `${shellWord(python)} -m pip install --no-deps --only-binary :all: ${missing.join(' ')}`;
  return { missing, size, command };
}

function shellWord(text) {
  return /^[\w./+-]+$/.test(text) ? text : shell(text);
}

async function fetched(name) {
  const response = await fetch(`${FOLDER}/${name}`);
  if (!response.ok) throw new Error(`${name}: the server says ${response.status}`);
  return response;
}
