// The call of a function by its name, for other programs. Each prints what the function returns.

import { isWrapped, jsonOf, objectOf } from './form.js';
import * as quote from './quote.js';
import { address, haskellValue, place } from './snippets.js';

/** By what their tabs say: from a call and where it goes to, to a program; and its language for Prism. */
export const NAMED = new Map([
  ['curl', [curl, 'bash']],
  ['Python', [python, 'python']],
  ['JavaScript', [javascript, 'javascript']],
  ['Rust', [rust, 'rust']],
  ['Haskell', [haskell, 'haskell']],
]);

/** JSON as another language writes it: its texts by `text`, its words by `words`, the rest as it is. */
function rewritten(json, text, words = {}) {
  return json.replace(/"(?:\\.|[^"\\])*"|[a-z]+(?![\d+-])/g, (token) =>
    token.startsWith('"') ? text(JSON.parse(token)) : (words[token] ?? token),
  );
}

function curl({ args, named, path }, about) {
  const key = about.asksKey ? ' -u USER:PASSWORD' : '';
  const url = quote.shell(place(about.origin, path));
  if (named.some(([, { file }]) => file)) {
    const fields = named.map(([name, { file, text }]) =>
      file
        ? `-F ${quote.shell(`${name}=@"${file.name.replace(/[\\"]/g, '\\$&')}"`)}`
        : `--form-string ${quote.shell(`${name}=${text}`)}`,
    );
    return `curl -sSN${key} ${url} \\\n  ${fields.join(' \\\n  ')}\n`;
  }
  return `curl -sSN${key} ${url} \\\n  --json ${quote.shell(jsonOf({ args, named }))}\n`;
}

function python({ args, named, name, streams }, about) {
  const write = (json) =>
    rewritten(json, quote.python, { null: 'None', true: 'True', false: 'False' });
  const values = named.map(([own, { json, file }]) => [
    own,
    file ? `open(${quote.python(file.name)}, "rb")` : write(json),
  ]);
  const isName = ([own]) => /^[\p{L}_][\p{L}\p{N}_]*$/u.test(own);
  const odd = values.filter((one) => !isName(one));
  const given = [
    ...args.map(write),
    ...values.filter(isName).map((pair) => pair.join('=')),
    ...(odd.length
      ? [`**{${odd.map(([own, value]) => `${quote.python(own)}: ${value}`).join(', ')}}`]
      : []),
  ].join(', ');
  const called = `client.function(${quote.python(name)})(${given})`;
  const printed = streams ? `for part in ${called}:\n    print(part)` : `print(${called})`;
  return `from owt.client import Client  # pip install path/to/owt/clients/python

client = Client(${quote.python(address(about, ''))})
${printed}
`;
}

function javascript({ args, named, name, streams }, about) {
  const files = named.filter(([, { file }]) => file);
  const opened = files
    .map(
      ([, { file }], at) =>
        `const file${at || ''} = await openAsBlob(${quote.javascript(file.name)});\n`,
    )
    .join('');
  const members_ = named.map(([own, { json, file }]) => {
    const at = files.findIndex(([other]) => other === own);
    return `${JSON.stringify(own)}: ${file ? `file${at || ''}` : json}`;
  });
  const given = isWrapped({ args, named }) ? jsonOf({ args, named }) : `{ ${members_.join(', ')} }`;
  const sent = `owt.fn(${quote.javascript(address(about, ''))}, ${quote.javascript(name)}, ${given})`;
  const printed = streams
    ? `for await (const part of ${sent}) process.stdout.write(part);`
    : `console.log(await ${sent});`;
  return `${files.length ? "import { openAsBlob } from 'node:fs';\n" : ''}import { owt } from 'owt'; // npm install path/to/owt/clients/js

${opened}${printed}
`;
}

function rust({ args, named, name, streams }, about) {
  const files = named.filter(([, { file }]) => file);
  const values = named.filter(([, { file }]) => !file);
  const json = (text) => `json!(${rewritten(text, quote.rust)})`;
  const steps = [
    args.length && `.args(${json(`[${args.join(', ')}]`)})`,
    values.length &&
      `.args(${json(args.length ? objectOf(values) : jsonOf({ args, named: values }))})`,
    ...files.map(([own, { file }]) => {
      const read = `PyBytes(std::fs::read(${quote.rust(file.name)})?)`;
      return `.named(${quote.rust(own)}, ${read})`;
    }),
    streams ? '.stream()' : '.text()',
    '.await?;',
  ].filter(Boolean);
  const printed = streams
    ? `    while let Some(chunk) = answer.next().await {
        std::io::stdout().write_all(&chunk?)?;
    }`
    : '    println!("{answer}");';
  const uses = files.length ? '{Client, PyBytes}' : 'Client';
  const isJson = args.length + values.length > 0;
  return `// cargo add owt-client serde_json
// cargo add tokio --features macros,rt-multi-thread
${streams ? 'use std::io::Write as _;\n\n' : ''}use owt_client::${uses};
${isJson ? 'use serde_json::json;\n' : ''}
#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let client = Client::new(${quote.rust(address(about, ''))})?;
    let ${streams ? 'mut ' : ''}answer = client
        .function(${quote.rust(name)})
${steps.map((step) => `        ${step}\n`).join('')}${printed}
    Ok(())
}
`;
}

function haskell({ args, named, name, streams }, about) {
  const files = named.filter(([, { file }]) => file);
  const placed = JSON.parse(`[${args.join(', ')}]`).map(haskellValue);
  const values = named.map(([own, { json, file }]) => {
    const value = file
      ? `PyBytes file${files.findIndex(([other]) => other === own)}`
      : haskellValue(JSON.parse(json));
    return `(${quote.haskell(own)}, ${value})`;
  });
  const lists = [
    args.length && `("args", PyList [${placed.join(', ')}])`,
    `("kwargs", PyDict [${values.join(', ')}])`,
  ].filter(Boolean);
  const written = isWrapped({ args, named }) ? lists : values;
  const given = written.length ? `(named [${written.join(', ')}])` : 'noKwargs';
  const read = files
    .map(([, { file }], at) => `  file${at} <- ByteString.readFile ${quote.haskell(file.name)}\n`)
    .join('');
  const printed = streams
    ? `runConduitRes $ runOwtStream @POST (function ${quote.haskell(name)} ${given}) client .| stdoutC`
    : `owtFn @POST ${quote.haskell(name)} ${given} client >>= putBS`;
  return `{-# LANGUAGE OverloadedStrings, TypeApplications #-}
${streams ? 'import Conduit\n' : ''}${
    files.length ? 'import qualified Data.ByteString as ByteString\n' : ''
  }import Owt

main :: IO ()
main = do
  client <- mkOwtClient ${quote.haskell(address(about, ''))}
${read}  ${printed}
`;
}
