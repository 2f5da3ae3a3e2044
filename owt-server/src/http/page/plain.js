// A call for languages without a client of owt's: what their own libraries send, and print as it comes.

import * as quote from './quote.js';

/**
 * What such a program sends: a `file`, with the call in the address, or the call as JSON or a form.
 *
 * @typedef {object} Sent
 * @property {string} url - with the call in it where there is a file
 * @property {string[][]} headers - names and values
 * @property {string} [file] - its name
 * @property {string} [code]
 * @property {object} [data] - the arguments, where JSON has them as they are
 * @property {string} [text] - the arguments as they were typed
 * @property {any[][]} [settings] - further fields of the call, by name
 */

const JSON_TYPE = ['Content-Type', 'application/json'];

/** Sent with what gives no name of its own: docs/wire.md, "The door". */
const MEANT = ['X-Owt', '1'];

/** A value of JSON as a language's own data. `{ none, bool, list, dict, text }` writes its parts. */
function own(value, how) {
  const { none, bool = String, list, dict, text } = how;
  if (value === null) return none;
  if (typeof value === 'boolean') return bool(value);
  if (typeof value === 'number') return String(value);
  if (typeof value === 'string') return text(value);
  if (Array.isArray(value)) return list(value.map((one) => own(one, how)));
  return dict(Object.entries(value).map(([name, one]) => [text(name), own(one, how)]));
}

/** The call's fields in order; the code by the name that the program has for it. */
function fields({ data, text, settings }, code, how, base64) {
  const written = [['code', code]];
  if (data) written.push(['kwargs', own(data, how)]);
  else if (text) written.push(['kwargs_b64', base64(how.text(text))]);
  for (const [name, value] of settings) written.push([name, own(value, how)]);
  return how.dict(written.map(([name, value]) => [how.text(name), value]));
}

/** The call's fields as a form has them: all of them text, the arguments JSON or Python. */
function formFields({ text, settings }, code, literal) {
  const others = settings.map(([name, value]) => [name, literal(String(value))]);
  return [['code', code], ...(text ? [['kwargs', literal(text)]] : []), ...others];
}

const pairs = (join) => (entries) => entries.map(([name, value]) => name + join + value).join(', ');

export function go(sent) {
  const how = {
    none: 'nil',
    list: (all) => `[]any{${all.join(', ')}}`,
    dict: (entries) => `map[string]any{${pairs(': ')(entries)}}`,
    text: quote.go,
  };
  const { url, headers, file, code } = sent;
  // json.Marshal writes bytes as base64.
  const made = file
    ? `os.ReadFile(${quote.go(file)})`
    : `json.Marshal(${fields(sent, 'code', how, (text) => `[]byte(${text})`)})`;
  const set = [...(file ? [] : [JSON_TYPE]), ...headers].map(
    ([name, value]) => `\treq.Header.Set(${quote.go(name)}, ${quote.go(value)})\n`,
  );
  return `package main

import (
	"bytes"
${file ? '' : '\t"encoding/json"\n'}	"io"
	"log"
	"net/http"
	"os"
)
${file ? '' : `\nconst code = ${quote.go(code)}\n`}
func main() {
	body, err := ${made}
	if err != nil {
		log.Fatal(err)
	}
	req, err := http.NewRequest("POST", ${quote.go(url)}, bytes.NewReader(body))
	if err != nil {
		log.Fatal(err)
	}
${set.join('')}	res, err := http.DefaultClient.Do(req)
	if err != nil {
		log.Fatal(err)
	}
	if _, err := io.Copy(os.Stdout, res.Body); err != nil {
		log.Fatal(err)
	}
}
`;
}

/** Its own libraries have no JSON. */
export function java(sent) {
  const { url, headers, file, code } = sent;
  const form = file ? [] : [['Content-Type', 'application/x-www-form-urlencoded']];
  const set = [...form, ...headers].map(
    ([name, value]) => `        .header(${quote.java(name)}, ${quote.java(value)})\n`,
  );
  const all = file ? [] : formFields(sent, 'CODE', quote.java);
  const body = all.map(([name, value]) => `\n        field("${name}", ${value})`).join(',');
  const publisher = file ? `ofFile(Path.of(${quote.java(file)}))` : 'ofString(body)';
  const declared = `  static final String CODE = ${quote.java(code ?? '')};

  static String field(String name, String text) {
    return name + "=" + URLEncoder.encode(text, StandardCharsets.UTF_8);
  }

`;
  return `import java.net.URI;
${file ? '' : 'import java.net.URLEncoder;\n'}import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.${file ? 'file.Path' : 'charset.StandardCharsets'};

class Call {
${file ? '' : declared}  public static void main(String[] args) throws Exception {
${file ? '' : `    var body = String.join("&",${body});\n`}    var request = HttpRequest.newBuilder(URI.create(${quote.java(url)}))
${set.join('')}        .POST(HttpRequest.BodyPublishers.${publisher})
        .build();
    HttpClient.newHttpClient()
        .send(request, HttpResponse.BodyHandlers.ofInputStream())
        .body()
        .transferTo(System.out);
  }
}
`;
}

/** For .NET and Mono alike. */
export function csharp(sent) {
  const { url, headers, file, code } = sent;
  const isType = ([name]) => name === 'Content-Type';
  const set = [MEANT, ...headers.filter((one) => !isType(one))].map(
    ([name, value]) =>
      `    http.DefaultRequestHeaders.TryAddWithoutValidation(${quote.csharp(name)}, ${quote.csharp(value)});\n`,
  );
  const all = file ? [] : formFields(sent, 'Code', quote.csharp);
  const body = file
    ? `new StreamContent(File.OpenRead(${quote.csharp(file)}));
    body.Headers.TryAddWithoutValidation(${headers.find(isType).map(quote.csharp).join(', ')})`
    : `new FormUrlEncodedContent(new Dictionary<string, string> {
${all.map(([name, value]) => `      {"${name}", ${value}},\n`).join('')}    })`;
  return `using System;
using System.${file ? 'IO' : 'Collections.Generic'};
using System.Net.Http;

class Call {
${file ? '' : `  const string Code = ${quote.csharp(code)};\n\n`}  static void Main() {
    var http = new HttpClient();
${set.join('')}    var body = ${body};
    var answer = http.PostAsync(${quote.csharp(url)}, body).Result;
    answer.Content.CopyToAsync(Console.OpenStandardOutput()).Wait();
  }
}
`;
}

export function ruby(sent) {
  const how = {
    none: 'nil',
    list: (all) => `[${all.join(', ')}]`,
    dict: (entries) => `{${pairs(' => ')(entries)}}`,
    text: quote.ruby,
  };
  const { url, headers, file, code } = sent;
  const body = file
    ? `File.binread(${quote.ruby(file)})`
    : `JSON.generate(${fields(sent, 'code', how, (text) => `[${text}].pack('m0')`)})`;
  const set = pairs(' => ')(
    [...(file ? [] : [JSON_TYPE]), ...headers].map((header) => header.map(quote.ruby)),
  );
  return `require 'json'
require 'net/http'

${file ? '' : `code = ${quote.ruby(code)}\n`}body = ${body}
answer = Net::HTTP.post(URI(${quote.ruby(url)}), body, ${set})
print answer.body
`;
}

export function php(sent) {
  const how = {
    none: 'null',
    list: (all) => `[${all.join(', ')}]`,
    dict: (entries) => (entries.length ? `[${pairs(' => ')(entries)}]` : 'new stdClass'),
    text: quote.php,
  };
  const { url, headers, file, code } = sent;
  const body = file
    ? `file_get_contents(${quote.php(file)})`
    : `json_encode(${fields(sent, '$code', how, (text) => `base64_encode(${text})`)})`;
  const set = [...(file ? [] : [JSON_TYPE]), MEANT, ...headers].map((header) =>
    quote.php(header.join(': ')),
  );
  return `<?php
${file ? '' : `$code = ${quote.php(code)};\n`}$context = stream_context_create(['http' => [
    'method' => 'POST',
    'header' => [${set.join(', ')}],
    'content' => ${body},
    'ignore_errors' => true, // print what the server says of an error, too
]]);
readfile(${quote.php(url)}, false, $context);
`;
}

export function r(sent) {
  const how = {
    none: 'NULL',
    bool: (value) => String(value).toUpperCase(),
    list: (all) => `list(${all.join(', ')})`,
    dict: (entries) =>
      entries.length ? `list(${pairs(' = ')(entries)})` : 'setNames(list(), character())',
    text: quote.r,
  };
  const { url, headers, file, code } = sent;
  const made = file
    ? `body <- readBin(${quote.r(file)}, raw(), file.size(${quote.r(file)}))`
    : `call <- ${fields(sent, 'code', how, (text) => `base64_enc(charToRaw(${text}))`)}
body <- toJSON(call, auto_unbox = TRUE, null = "null", digits = NA)`;
  const set = pairs(' = ')(
    [...(file ? [] : [JSON_TYPE]), ...headers].map((header) => header.map(quote.r)),
  );
  return `library(curl)
library(jsonlite)

${file ? '' : `code <- ${quote.r(code)}\n`}${made}
handle <- new_handle(postfields = body)
handle_setheaders(handle, ${set})
answer <- curl_fetch_memory(${quote.r(url)}, handle)
cat(rawToChar(answer$content))
`;
}

export function julia(sent) {
  const how = {
    none: 'nothing',
    list: (all) => `[${all.join(', ')}]`,
    dict: (entries) => `Dict(${pairs(' => ')(entries)})`,
    text: quote.julia,
  };
  const { url, headers, file, code } = sent;
  const body = file
    ? `read(${quote.julia(file)})`
    : `JSON.json(${fields(sent, 'code', how, (text) => `base64encode(${text})`)})`;
  const set = pairs(' => ')(
    [...(file ? [] : [JSON_TYPE]), ...headers].map((header) => header.map(quote.julia)),
  );
  return `using Base64, Downloads
import JSON

${file ? '' : `code = ${quote.julia(code)}\n`}body = ${body}
Downloads.request(${quote.julia(url)};
    method = "POST", headers = [${set}],
    input = IOBuffer(body), output = stdout)
`;
}
