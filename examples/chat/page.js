// Sends the adaptor with the conversation so far, and shows each token as it comes.
import { owt, OwtError } from '/_owt/owt.js';

const ADAPTOR = /[^"\s]*\/adaptors\/h[0-9a-f]+\.py/g; // what a traceback calls the code that was sent
const $ = (id) => document.getElementById(id);
const [code, message] = [$('code'), $('message')];

/** What was said so far, as the adaptor takes it. */
let messages = [];
/** Ends the answer under way. */
let answering = null;

// Saying.

async function say(text) {
  if (answering || !text.trim() || !isValid()) return;
  const call = (answering = new AbortController());
  $('problem').hidden = true;
  message.value = '';
  const asked = { role: 'user', content: text };
  const question = bubble('you', 'You', text);
  const answer = bubble('model making', 'SmolLM2');
  const reply = { role: 'assistant', content: '' };
  const sent = { messages: [...messages, asked], ...settings() };
  show('Answering …');
  try {
    const events = owt('/chat', code.value, sent, {
      fnName: 'events',
      signal: call.signal,
    }).events();
    let told;
    for await (const { data } of events) {
      told = JSON.parse(data);
      follow(() => {
        reply.content += told.token ?? '';
        answer.text.append(told.token ?? '');
        answer.pace.textContent = pace(told);
      });
    }
    if (!told?.end) throw new Error('The adaptor ended without an event that says so.');
    if (told.end === 'length') answer.pace.append(' · cut at the longest answer');
  } catch (error) {
    if (call.signal.aborted) answer.pace.append(' · stopped');
    else fail(error, answer);
  } finally {
    answer.item.classList.remove('making');
    // Else a new chat has begun meanwhile.
    if (answering === call) {
      answering = null;
      if (reply.content) messages.push(asked, reply);
      else {
        // Nothing came of it: as if it had not been said.
        for (const { item } of [question, answer]) item.remove();
        message.value ||= text;
      }
      show(reply.content ? `SmolLM2: ${reply.content}` : '');
    }
  }
}

function settings() {
  return {
    system: $('system').value,
    temperature: $('temperature').valueAsNumber,
    seed: $('seed').valueAsNumber,
    max_tokens: $('length').valueAsNumber,
  };
}

/** Shows what is wrong with the settings, if something is. */
function isValid() {
  const wrong = [$('seed'), $('length')].find((input) => !input.validity.valid);
  if (!wrong) return true;
  $('settings').open = true;
  return wrong.reportValidity();
}

function pace({ count, rate }) {
  const tokens = count === 1 ? '1 token' : `${count} tokens`;
  return rate ? `${tokens} · ${Math.round(rate)} a second` : tokens;
}

function restart() {
  answering?.abort();
  answering = null;
  messages = [];
  $('messages').replaceChildren();
  $('problem').hidden = true;
  show('');
  message.focus();
}

// Showing.

/** A message in the list: its item, and where its text and its pace go. */
function bubble(kind, who, words = '') {
  const [item, name, text, told] = ['li', 'b', 'p', 'p'].map((tag) => document.createElement(tag));
  item.className = kind;
  name.textContent = who;
  text.className = 'text';
  text.textContent = words;
  told.className = 'pace';
  item.append(name, text, told);
  $('messages').append(item);
  $('chat').scrollIntoView({ block: 'end' });
  return { item, text, pace: told };
}

/** Changes the page; who was reading its end still sees it then. */
function follow(change) {
  const atEnd = $('chat').getBoundingClientRect().bottom < innerHeight + 40;
  change();
  if (atEnd) $('chat').scrollIntoView({ block: 'end' });
}

/** Brings all that can be pressed up to date. What is said is for those who hear the page. */
function show(said) {
  const isEmpty = !$('messages').children.length;
  $('starters').hidden = !isEmpty;
  $('fresh').disabled = isEmpty;
  $('stop').disabled = !answering;
  $('send').disabled = Boolean(answering);
  $('status').textContent = said;
}

function fail(error, { pace: told }) {
  const { problem, exception, traceback, body } = error instanceof OwtError ? error : {};
  const number = problem?.line;
  let what = body || problem?.detail || error.message;
  if (exception) what = `The adaptor raised ${exception.type}: ${exception.message}`;
  else if (problem?.type?.endsWith('/worker-died'))
    what = `The Python that was answering died. ${problem.detail}\nA fresh one takes its place: send it again.`;
  else if (told.textContent) what = `The answer broke off: ${what}`;
  if (told.textContent) told.append(' · broke off');
  $('what').textContent = what.trim();
  $('traceback').textContent = traceback?.replaceAll(ADAPTOR, 'adaptor.py') ?? '';
  $('traced').hidden = !traceback;
  $('line').hidden = !number;
  $('line').textContent = `line ${number}: ${code.value.split('\n')[number - 1]?.trim()}`;
  $('line').onclick = () => select(number);
  $('problem').hidden = false;
}

/** Selects that line of the adaptor. */
function select(number) {
  $('python').open = true;
  const before = code.value
    .split('\n')
    .slice(0, number - 1)
    .join('\n').length;
  const start = before && before + 1;
  const end = code.value.indexOf('\n', start);
  code.focus();
  code.setSelectionRange(start, end < 0 ? code.value.length : end);
  const height = Number.parseFloat(getComputedStyle(code).lineHeight);
  code.scrollTop = Math.max(0, (number - 6) * height);
}

// What people do.

$('form').addEventListener('submit', (event) => {
  event.preventDefault();
  say(message.value);
});
message.addEventListener('keydown', (event) => {
  // Enter also ends what an input method composes.
  if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  say(message.value);
});
addEventListener('keydown', (event) => {
  if (event.key === 'Escape') answering?.abort();
});
$('stop').addEventListener('click', () => {
  answering?.abort();
  message.focus();
});
$('fresh').addEventListener('click', restart);
for (const starter of $('starters').children) {
  starter.addEventListener('click', () => {
    say(starter.textContent);
    message.focus();
  });
}
$('temperature').addEventListener('input', () => {
  $('temperature-said').value = $('temperature').valueAsNumber.toFixed(1);
});
const showEdited = () => {
  const isEdited = code.value !== code.defaultValue;
  $('edited').hidden = !isEdited;
  $('reset').disabled = !isEdited;
};
code.addEventListener('input', showEdited);
$('reset').addEventListener('click', () => {
  code.value = code.defaultValue;
  showEdited();
});
