// The same call as the page's own, for other programs. Each prints what the adaptor answers.

import { literal, owtify } from '/_owt/owt.js';

import { toArguments } from './call.js';
import * as plain from './plain.js';
import * as quote from './quote.js';

/** By what their tabs say: from a call, {@link About} it, to a program; and its language for Prism. */
export const SNIPPETS = new Map([
  ['curl', [curl, 'bash']],
  ['JavaScript', [javascript, 'javascript']],
  ['Python', [python, 'python']],
  ['Rust', [rust, 'rust']],
  ['Haskell', [haskell, 'haskell']],
  ['Go', [without(plain.go), 'clike']],
  ['Java', [without(plain.java), 'clike']],
  ['C#', [without(plain.csharp), 'clike']],
  ['Ruby', [without(plain.ruby), 'bash']],
  ['PHP', [without(plain.php), 'clike']],
  ['R', [without(plain.r), 'python']],
  ['Julia', [without(plain.julia), 'python']],
]);

/**
 * @typedef {object} About
 * @property {string} origin - the server's
 * @property {boolean} streams - whether the answer is to be taken as it comes
 * @property {File} [file] - what the adaptor reads as `request.data`
 */

/**
 * Arguments that every language writes as its own data and that arrive as typed: an object of
 * JSON. undefined for any other Python, which goes as it is.
 */
function named(kwargs) {
  let value;
  try {
    value = JSON.parse(kwargs);
  } catch {
    return undefined;
  }
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return undefined;
  const numbers = kwargs.replace(/"(\\.|[^"\\])*"/g, '').match(/-?\d[\d.eE+-]*/g) ?? [];
  // 1.0 is no int in Python; what is longer than this is no int32.
  const isSame = numbers.every((number) => String(Number(number)) === number && number.length < 10);
  const written = json(value);
  // JavaScript has a mind of its own about these, and R takes no empty name.
  const isOrdered = !/"(\d*|__proto__)":/.test(written);
  return isSame && isOrdered && !written.includes('\\') && written.search(quote.ODD) < 0
    ? value
    : undefined;
}

function json(value) {
  return JSON.stringify(value, null, 1).replace(/\n\s*/g, ' ');
}

/**
 * A writer for a language without a client of owt's: `write` is given what its program sends. A file is
 * the body, and the call stands in the address.
 */
function without(write) {
  return (call, about) => {
    const { file, asksKey } = about;
    const headers = asksKey ? [['Authorization', 'Basic base64-of-USER:PASSWORD']] : [];
    if (file) {
      headers.push(['Content-Type', type(file)]);
      return write({ url: owtify(...toArguments(call)), headers, file: file.name });
    }
    const data = named(call.kwargs);
    return write({
      url: place(about.origin, call.path),
      headers,
      code: call.code,
      data,
      text: call.kwargs.trim() && call.kwargs,
      settings: settings(call),
    });
  };
}

/** With a place for the key, where one is asked for. */
export function address({ origin, asksKey }, path) {
  const url = place(origin, path);
  return asksKey ? url.replace('://', '://USER:PASSWORD@') : url;
}

/** As a browser would send it; curl takes brackets for patterns. */
export function place(origin, path) {
  const { href } = new URL(origin + path);
  return href.replace(/[[\]{}]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
}

function settings({ fnName, timeout, useCache, cacheKwargs }) {
  const all = {
    fn_name: fnName.trim() || undefined,
    use_cache: useCache || undefined,
    cache_kwargs: cacheKwargs || undefined,
    timeout: Number(timeout) || undefined,
  };
  return Object.entries(all).filter(([, value]) => value !== undefined);
}

function curl(call, about) {
  const { code, kwargs, path } = call;
  const texts = [['code', code], ...(kwargs.trim() ? [['kwargs', kwargs]] : [])];
  const lines = texts.map(([name, text]) => `${name}=${quote.shell(text)}\n`).join('');
  const key = about.asksKey ? ' -u USER:PASSWORD' : '';
  const url = place(about.origin, path);
  if (about.file) {
    const join = path.includes('?') ? '&' : '?';
    const fields = [
      ...texts.map(([name]) => `${name}_b64=$(b64 "$${name}")`),
      ...settings(call).map(([name, value]) => `${name}=${encodeURIComponent(value)}`),
    ].join('&');
    return `b64() { printf %s "$1" | base64 | tr -d '\\n' | tr '+/' '-_'; }

${lines}curl -sSN${key} -H ${quote.shell(`Content-Type: ${type(about.file)}`)} \\
  --data-binary @${quote.shell(about.file.name)} \\
  "${quote.inShell(url)}${join}${fields}"
`;
  }
  const fields = [
    ...texts.map(([name]) => `\\"${name}_b64\\": \\"$(b64 "$${name}")\\"`),
    ...settings(call).map(([name, value]) =>
      quote.inShell(`${JSON.stringify(name)}: ${JSON.stringify(value)}`),
    ),
  ].join(', ');
  return `b64() { printf %s "$1" | base64 | tr -d '\\n'; }

${lines}curl -sSN${key} ${quote.shell(url)} \\
  --json "{${fields}}"
`;
}

function javascript(call, about) {
  const { code, kwargs, path } = call;
  const { file, streams } = about;
  const plain = named(kwargs);
  const names = { fn_name: 'fnName', use_cache: 'useCache', cache_kwargs: 'cacheKwargs' };
  const options = settings(call).map(
    ([name, value]) =>
      `${names[name] ?? name}: ${typeof value === 'string' ? quote.javascript(value) : value}`,
  );
  if (file) options.push('data', `headers: { 'Content-Type': ${quote.javascript(type(file))} }`);
  let given = 'null';
  if (plain) given = json(plain);
  else if (kwargs.trim()) given = `new PyExpr(${quote.javascript(kwargs)})`;
  const rest = options.length ? `, ${given}, { ${options.join(', ')} }` : `, ${given}`;
  const sent = `owt(${quote.javascript(address(about, path))}, code${rest === ', null' ? '' : rest})`;
  const printed = streams
    ? `for await (const chunk of ${sent}) process.stdout.write(chunk);`
    : `console.log(await ${sent});`;
  const opened = file ? `const data = await openAsBlob(${quote.javascript(file.name)});\n` : '';
  return `${file ? "import { openAsBlob } from 'node:fs';\n" : ''}import { owt${
    given.startsWith('new PyExpr') ? ', PyExpr' : ''
  } } from 'owt'; // npm install path/to/owt/clients/js

const code = ${quote.javascript(code)};
${opened}${printed}
`;
}

function python(call, about) {
  const { code, kwargs, path } = call;
  const { file, streams } = about;
  const plain = named(kwargs);
  const options = settings(call).map(
    ([name, value]) =>
      `${name}=${value === true ? 'True' : typeof value === 'string' ? quote.python(value) : value}`,
  );
  if (file) options.push('data=data', `headers={"Content-Type": ${quote.python(type(file))}}`);
  const given = ['code'];
  if (plain) given.push(`kwargs=${literal(plain)}`);
  else if (kwargs.trim()) given.push(`kwargs=${quote.python(kwargs)}`);
  const all = [...given, ...options].join(', ');
  const asked = streams
    ? `with client.stream(${all}) as answer:
    for chunk in answer:
        sys.stdout.buffer.write(chunk)
        sys.stdout.flush()`
    : `print(client(${all}))`;
  const opened = file ? `data = open(${quote.python(file.name)}, "rb")\n` : '';
  return `${streams ? 'import sys\n\n' : ''}from owt.client import Client  # pip install path/to/owt/clients/python

code = ${quote.python(code)}
client = Client(${quote.python(address(about, path))})
${opened}${asked}
`;
}

function rust(call, about) {
  const { code, kwargs, path } = call;
  const { file, streams } = about;
  const plain = named(kwargs);
  let given = '()';
  if (plain) given = `serde_json::json!(${json(plain)})`;
  else if (kwargs.trim()) given = `PyExpr(${quote.rust(kwargs)})`;
  const steps = settings(call).map(
    ([name, value]) =>
      ({
        fn_name: `.fn_name(${quote.rust(String(value))})`,
        use_cache: '.cache(true)',
        cache_kwargs: '.cache_kwargs(true)',
        timeout: `.timeout(std::time::Duration::from_secs_f64(${value}_f64))`,
      })[name],
  );
  if (file) {
    steps.push(`.data(std::fs::read(${quote.rust(file.name)})?)`);
    steps.push(`.header("Content-Type", ${quote.rust(type(file))})`);
  }
  steps.push(streams ? '.stream()' : '.text()');
  const printed = streams
    ? `    while let Some(chunk) = answer.next().await {
        std::io::stdout().write_all(&chunk?)?;
        std::io::stdout().flush()?;
    }`
    : '    println!("{answer}");';
  const uses = ['Client', 'POST', ...(given.startsWith('PyExpr') ? ['PyExpr'] : [])];
  return `// cargo add owt-client serde_json
// cargo add tokio --features macros,rt-multi-thread
${streams ? 'use std::io::Write as _;\n\n' : ''}use owt_client::{${uses.join(', ')}};

const CODE: &str = ${quote.rust(code)};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let client = Client::new(${quote.rust(address(about, path))})?;
    let ${streams ? 'mut ' : ''}answer = client
        .owt::<POST>(CODE, ${given})
${steps.map((step) => `        ${step}\n`).join('')}        .await?;
${printed}
    Ok(())
}
`;
}

function haskell(call, about) {
  const { code, kwargs, path } = call;
  const { file, streams } = about;
  const plain = named(kwargs);
  let given = 'noKwargs';
  if (plain) given = `(named [${members(plain)}])`;
  else if (kwargs.trim()) given = `(expression ${quote.haskell(kwargs, '    ')})`;
  const fields = settings(call).map(
    ([name, value]) =>
      ({
        fn_name: `owtFnName = ${quote.haskell(String(value))}`,
        use_cache: 'owtUseCache = True',
        cache_kwargs: 'owtCacheKwargs = True',
        timeout: `owtTimeout = Just ${value}`,
      })[name],
  );
  if (file) {
    fields.push('owtBody = Just body');
    fields.push(`owtHeaders = [("Content-Type", ${quote.haskell(type(file))})]`);
  }
  const how = streams ? 'Stream' : '';
  const called = fields.length
    ? `runOwt${how} @POST ((SimpleOwt code ${given}) {${fields.join(', ')}}) client`
    : `owt${how} @POST code ${given} client`;
  const printed = streams ? `runConduitRes $ ${called} .| stdoutC` : `${called} >>= putBS`;
  const opened = file ? `  body <- streamFile ${quote.haskell(file.name)}\n` : '';
  return `{-# LANGUAGE OverloadedStrings, TypeApplications #-}
${streams ? 'import Conduit\n' : ''}import Owt

main :: IO ()
main = do
  client <- mkOwtClient ${quote.haskell(address(about, path))}
${opened}  ${printed}
  where
    code = ${quote.haskell(code, '      ')}
`;
}

function members(object) {
  return Object.entries(object)
    .map(([name, value]) => `(${quote.haskell(name)}, ${haskellValue(value)})`)
    .join(', ');
}

/** A value of JSON as the Haskell client has it. */
export function haskellValue(value) {
  if (value === null) return 'PyNone';
  if (typeof value === 'boolean') return value ? 'PyBool True' : 'PyBool False';
  if (typeof value === 'string') return quote.haskell(value);
  if (typeof value === 'object') {
    return Array.isArray(value)
      ? `PyList [${value.map(haskellValue).join(', ')}]`
      : `PyDict [${members(value)}]`;
  }
  const number = value < 0 ? `(${value})` : value;
  return Number.isInteger(value) ? `PyInt ${number}` : `PyFloat ${number}`;
}

function type(file) {
  return file.type || 'application/octet-stream';
}
