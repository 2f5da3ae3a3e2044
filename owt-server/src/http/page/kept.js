// What this browser keeps from one visit to the next: the draft, and the calls that ran. Every page of
// this address can write here, adaptors' pages too: what is read is checked, and never run by itself.

import { DEFAULTS, fromFragment, toFragment } from './call.js';

const [DRAFT, HISTORY] = ['owt-draft', 'owt-history'];
/** The most calls that are kept, and characters of all of them and of one. */
const [MOST_CALLS, MOST_TEXT, MOST_OF_ONE] = [50, 1_000_000, 200_000];

/** The call that this tab held, or where it held none the last one of this browser, if there is one. */
export function draft() {
  const [own, last] = [storage('session', DRAFT), storage('local', DRAFT)];
  return { call: fromFragment(own ?? last ?? ''), isOfThisTab: own !== null };
}

export function keepDraft(call) {
  const text = toFragment(call);
  if (text.length > MOST_TEXT) return;
  storage('session', DRAFT, text);
  storage('local', DRAFT, text);
}

/** The calls that ran, the newest first: `at` is when, in milliseconds, `call` which. */
export function history() {
  let all;
  try {
    all = JSON.parse(storage('local', HISTORY) ?? '[]');
  } catch {
    return [];
  }
  return Array.isArray(all) ? all.filter(isEntry).slice(0, MOST_CALLS) : [];
}

/** Notes that the call ran, as the newest; what is too much goes, the oldest first. */
export function keepCall(call) {
  const same = toFragment(call);
  if (same.length > MOST_OF_ONE) return;
  const others = history().filter((entry) => toFragment(entry.call) !== same);
  write([{ at: Date.now(), call }, ...others].slice(0, MOST_CALLS));
}

export function forget(at) {
  write(history().filter((entry) => entry.at !== at));
}

export function forgetAll() {
  write([]);
}

function write(entries) {
  const kept = [...entries];
  while (JSON.stringify(kept).length > MOST_TEXT) kept.pop();
  storage('local', HISTORY, JSON.stringify(kept));
}

/** A call of ours: every field is there, of its type, and there is no other. */
function isEntry(entry) {
  const { at, call } = Object(entry);
  return (
    Number.isFinite(at) &&
    Math.abs(at) < 8e15 &&
    Object.keys(Object(call)).length === Object.keys(DEFAULTS).length &&
    Object.entries(DEFAULTS).every(([name, usual]) => typeof call[name] === typeof usual)
  );
}

/** Reads a value, or writes it. What a browser keeps for no page, or has no room for, is not kept. */
function storage(which, name, text) {
  try {
    const store = which === 'local' ? localStorage : sessionStorage;
    if (text === undefined) return store.getItem(name);
    store.setItem(name, text);
  } catch (error) {
    console.info('this browser does not keep it:', error.message);
  }
  return null;
}
