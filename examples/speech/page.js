// Sends the adaptor with the text, and plays each sentence while the next are still being made.
import { owt, OwtError } from '/_owt/owt.js';

const $ = (id) => document.getElementById(id);
const [audio, code, wave] = [$('audio'), $('code'), $('wave')];
const dark = matchMedia('(prefers-color-scheme: dark)');
const PEAKS = 50; // of the waveform, for each second
const ADAPTOR = /[^"\s]*\/adaptors\/h[0-9a-f]+\.py/g; // what a traceback calls the code that was sent

/** The sentences that have come, in order: text, seconds, url, samples, peaks, button. */
let heard = [];
/** How many there will be, and what was asked for. */
let count = 0;
let asked = {};
/** Ends the call that is under way. */
let calling = null;
/** Which of `heard` the audio element has; true when it has come to its end and waits for the next. */
let playing = -1;
let waits = false;
let [said, rate] = ['', 0];

// Asking.

async function speak(first) {
  calling?.abort();
  const call = (calling = new AbortController());
  $('problem').hidden = true;
  waits = playing < 0 || audio.ended;
  show();
  try {
    const events = owt(
      '/speech',
      code.value,
      { ...asked, first },
      { signal: call.signal },
    ).events();
    for await (const { event, data } of events) {
      if (call.signal.aborted) return;
      if (event === 'sentence') add(JSON.parse(data));
    }
    if (!heard.length) throw new Error('The adaptor ended without an event named “sentence”.');
  } catch (error) {
    if (call.signal.aborted) return;
    fail(error);
  } finally {
    if (calling === call) calling = null;
    show();
  }
}

function choices() {
  const chosen = {
    ...{ text: $('text').value, template: $('template').value, split: $('split').value },
    ...{ speed: $('speed').valueAsNumber, variation: $('variation').valueAsNumber },
  };
  if ($('voice').value) chosen.voice = $('voice').value;
  if (!$('speakers').hidden) chosen.speaker = $('speaker').value;
  return chosen;
}

function stop() {
  calling?.abort();
  calling = null;
  waits = false;
  audio.pause();
  show();
}

/** Offers the voices that there are, and the speakers of each. */
async function offerVoices() {
  const voices = await owt('/speech', code.value, null, { fnName: 'voices' }).json();
  $('voice').replaceChildren(
    ...voices.map(({ name, quality }) => new Option(name.replaceAll(/_|-/g, ' '), name)),
  );
  const offerSpeakers = () => {
    const { speakers } = voices.find(({ name }) => name === $('voice').value);
    $('speakers').hidden = !speakers.length;
    $('speaker').replaceChildren(...speakers.map((name) => new Option(name)));
  };
  $('voice').addEventListener('change', offerSpeakers);
  offerSpeakers();
}

// What comes.

function add({ index, count: all, text, seconds, wav }) {
  const bytes = Uint8Array.from(atob(wav), (char) => char.charCodeAt(0));
  const sound = parseWav(bytes);
  count = all;
  rate = sound.rate;
  const url = URL.createObjectURL(new Blob([bytes], { type: 'audio/wav' }));
  const { item, button } = listItem(index - 1, text, seconds);
  heard.push({ text, seconds, url, samples: sound.samples, peaks: peaksOf(sound), button });
  $('sentences').append(item);
  if (waits) play(heard.length - 1);
  drawSheet();
  show();
}

function listItem(place, text, seconds) {
  const [item, button, words] = ['li', 'button', 'span'].map((tag) => document.createElement(tag));
  const time = document.createElement('time');
  words.textContent = text;
  time.textContent = `${seconds.toFixed(1)} s`;
  item.style.setProperty('--hue', `hsl(${hue(place)} 55% 50%)`);
  button.type = 'button';
  button.append(words, time);
  button.addEventListener('click', () => play(place));
  item.append(button);
  return { item, button };
}

function forget() {
  for (const { url } of heard) URL.revokeObjectURL(url);
  [heard, count, playing] = [[], 0, -1];
  audio.removeAttribute('src');
  audio.load(); // ends what plays
  $('sentences').replaceChildren();
  drawSheet();
}

/** The rate and the samples of a WAV file of 16 bits and one channel. */
function parseWav(bytes) {
  const view = new DataView(bytes.buffer);
  const found = {};
  for (let at = 12; at + 8 <= bytes.length;) {
    const name = String.fromCharCode(...bytes.subarray(at, at + 4));
    const size = view.getUint32(at + 4, true);
    if (name === 'fmt ') {
      found.rate = view.getUint32(at + 12, true);
      if (view.getUint16(at + 22, true) !== 16) throw new Error('This page draws WAVs of 16 bits.');
    }
    if (name === 'data') found.samples = new Int16Array(bytes.slice(at + 8, at + 8 + size).buffer);
    at += 8 + size + (size % 2);
  }
  if (!found.rate || !found.samples) throw new Error('A sentence came that is no WAV file.');
  return found;
}

/** All that has come as one WAV file. */
function wholeWav() {
  const size = 2 * heard.reduce((sum, { samples }) => sum + samples.length, 0);
  const head = new DataView(new ArrayBuffer(44));
  for (const [at, name] of Object.entries({ 0: 'RIFF', 8: 'WAVE', 12: 'fmt ', 36: 'data' })) {
    for (let n = 0; n < 4; n += 1) head.setUint8(Number(at) + n, name.charCodeAt(n));
  }
  // Sizes, 16 bytes of format, rate, bytes a second; PCM, one channel, 2 bytes, 16 bits.
  for (const [at, value] of [
    [4, 36 + size],
    [16, 16],
    [24, rate],
    [28, 2 * rate],
    [40, size],
  ]) {
    head.setUint32(at, value, true);
  }
  for (const [at, value] of [
    [20, 1],
    [22, 1],
    [32, 2],
    [34, 16],
  ])
    head.setUint16(at, value, true);
  return new Blob([head, ...heard.map(({ samples }) => samples)], { type: 'audio/wav' });
}

// Playing.

function play(place, from = 0) {
  [playing, waits] = [place, false];
  audio.src = heard[place].url;
  audio.currentTime = from;
  audio.play().catch((error) => {
    // A sentence that another one took over from is an AbortError.
    if (error.name === 'NotAllowedError') tell('Press play: this browser waits for that.');
  });
  show();
}

function playOn() {
  if (playing + 1 < heard.length) play(playing + 1);
  else waits = calling !== null;
  show();
}

// Showing.

function tell(text) {
  if (text !== said) $('status').textContent = said = text;
}

function show() {
  const left = !calling && heard.length < count;
  $('heard').hidden = !heard.length;
  $('stop').disabled = !calling && (audio.paused || audio.ended);
  $('download').disabled = !heard.length;
  $('go-on').hidden = !left;
  $('go-on').textContent = `Go on from ${heard.length + 1}`;
  for (const [place, { button }] of heard.entries()) {
    if (place === playing) button.setAttribute('aria-current', 'true');
    else button.removeAttribute('aria-current');
  }
  const speaking = playing >= 0 && !audio.ended && !audio.paused;
  const ready = `${heard.length} of ${count} ready`;
  if (!heard.length) tell(calling ? 'Making the first sentence…' : '');
  else if (speaking) tell(`${ready} · speaking ${playing + 1}`);
  else tell(calling ? `${ready} · making ${heard.length + 1}` : ready);
}

/** Says in words what went wrong, and where in the adaptor. */
function fail(error) {
  const { problem, exception, traceback, body } = error instanceof OwtError ? error : {};
  const done = heard.length ? ` after ${heard.length} of ${count}` : '';
  let what = body || problem?.detail || error.message;
  if (problem?.type?.endsWith('/worker-died')) {
    what = `The Python that was speaking died${done}. ${sentence(problem.detail)}
      A fresh one takes its place: Speak works again.`.replaceAll(/\s+/g, ' ');
  } else if (exception) {
    what = `The adaptor raised ${exception.type}${done}: ${exception.message}`;
  } else if (error instanceof OwtError && !body && !problem) {
    what = `${sentence(what)}${heard.length ? ` ${heard.length} of ${count} had come.` : ''}`;
  }
  $('what').textContent = what.trim();
  $('traceback').textContent = traceback?.replaceAll(ADAPTOR, 'adaptor.py') ?? '';
  $('traced').hidden = !traceback;
  const number = problem?.line;
  $('line').hidden = !number;
  if (number) {
    $('line').textContent = `line ${number}: ${code.value.split('\n')[number - 1].trim()}`;
    $('line').onclick = () => select(number);
  }
  $('problem').hidden = false;
}

function sentence(text) {
  return text ? `${text[0].toUpperCase()}${text.slice(1).replace(/[.\s]*$/, '')}.` : '';
}

/** Selects that line of the adaptor. */
function select(number) {
  const lines = code.value.split('\n');
  const start = lines.slice(0, number - 1).join('\n').length + (number > 1 ? 1 : 0);
  $('python').open = true;
  code.focus();
  code.setSelectionRange(start, start + lines[number - 1].length);
  const height = Number.parseFloat(getComputedStyle(code).lineHeight);
  code.scrollTop = (number - 5) * height;
}

// The waveform: a sheet that is drawn anew when a sentence comes, and over it where we are.

const sheet = document.createElement('canvas');
const hue = (place) => (150 + place * 47) % 360;

/** For each 1/PEAKS of a second the loudest there, 0 to 1. */
function peaksOf({ samples, rate }) {
  const step = Math.ceil(rate / PEAKS);
  return Array.from({ length: Math.ceil(samples.length / step) }, (_, bin) => {
    let loudest = 0;
    for (const sample of samples.subarray(bin * step, (bin + 1) * step)) {
      loudest = Math.max(loudest, Math.abs(sample));
    }
    return loudest / 32768;
  });
}

/** Seconds of the first sentences. */
function lasting(first) {
  return heard.slice(0, first).reduce((sum, { seconds }) => sum + seconds, 0);
}

/** Seconds that all will take, as far as one can tell. */
function expected() {
  return heard.length ? (lasting(heard.length) / heard.length) * Math.max(count, heard.length) : 1;
}

function drawSheet() {
  sheet.width = wave.width = Math.max(1, Math.round(wave.clientWidth * devicePixelRatio));
  sheet.height = wave.height = Math.max(1, Math.round(wave.clientHeight * devicePixelRatio));
  const brush = sheet.getContext('2d');
  const middle = sheet.height / 2;
  const scale = sheet.width / expected();
  let start = 0;
  for (const [place, { seconds, peaks }] of heard.entries()) {
    brush.fillStyle = `hsl(${hue(place)} 55% ${dark.matches ? 62 : 40}%)`;
    const end = (start + seconds) * scale;
    for (let x = Math.ceil(start * scale); x < end; x += 1) {
      const bin = (column) => Math.floor((column / scale - start) * PEAKS);
      const loudest = Math.max(0, ...peaks.slice(bin(x), bin(x + 1) + 1));
      const half = Math.max(devicePixelRatio / 2, loudest * middle * 0.92);
      brush.fillRect(x, middle - half, 1, 2 * half);
    }
    start += seconds;
  }
  draw();
}

function draw() {
  const brush = wave.getContext('2d');
  const now = playing < 0 ? 0 : lasting(playing) + audio.currentTime;
  const x = (now * wave.width) / expected();
  brush.clearRect(0, 0, wave.width, wave.height);
  brush.globalAlpha = 0.45;
  brush.drawImage(sheet, 0, 0);
  brush.globalAlpha = 1;
  if (x >= 1) {
    brush.clearRect(0, 0, x, wave.height);
    brush.drawImage(sheet, 0, 0, x, sheet.height, 0, 0, x, sheet.height);
    brush.fillStyle = getComputedStyle(wave).color;
    brush.fillRect(x, 0, 2 * devicePixelRatio, wave.height);
  }
}

function follow() {
  draw();
  if (!audio.paused) requestAnimationFrame(follow);
}

/** Plays from the place in the waveform that was pressed. */
function seek({ offsetX }) {
  let at = (offsetX / wave.clientWidth) * expected();
  for (const [place, { seconds }] of heard.entries()) {
    if (at < seconds) return play(place, at);
    at -= seconds;
  }
}

// What people press.

$('form').addEventListener('submit', (event) => {
  event.preventDefault();
  forget();
  asked = choices();
  speak(1);
});
$('text').addEventListener('keydown', (event) => {
  if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) $('form').requestSubmit();
});
$('stop').addEventListener('click', stop);
$('go-on').addEventListener('click', () => speak(heard.length + 1));
$('download').addEventListener('click', () => {
  const link = document.createElement('a');
  Object.assign(link, { href: URL.createObjectURL(wholeWav()), download: 'speech.wav' });
  link.click();
  URL.revokeObjectURL(link.href);
});
for (const name of ['speed', 'variation']) {
  const tellValue = () => ($(`${name}-said`).value = $(name).valueAsNumber.toFixed(1));
  $(name).addEventListener('input', tellValue);
  tellValue();
}
function edited() {
  $('reset').disabled = $('edited').hidden = code.value === code.defaultValue;
}
code.addEventListener('input', edited);
$('reset').addEventListener('click', () => {
  code.value = code.defaultValue;
  edited();
});
wave.addEventListener('click', seek);
audio.addEventListener('ended', playOn);
for (const event of ['play', 'pause']) audio.addEventListener(event, show);
audio.addEventListener('play', follow);
audio.addEventListener('seeked', draw);
audio.addEventListener('error', () => {
  if (audio.getAttribute('src'))
    fail(new Error(`This browser cannot play sentence ${playing + 1}.`));
});
new ResizeObserver(drawSheet).observe(wave);
dark.addEventListener('change', drawSheet);
offerVoices().catch(fail);
