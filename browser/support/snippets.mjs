// Runs the programs that the landing page writes, each in its language, as a stranger would.

import { execFile, execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const ENV = { ...process.env, LANG: 'C.UTF-8' };
const PYTHON = process.env.OWT_TEST_VENV
  ? join(process.env.OWT_TEST_VENV, 'bin/python')
  : 'python3';

/** What runs a program in each language: from its text, in that folder, to the command. */
const RUNNERS = {
  curl: (folder, text) => ['sh', [put(folder, 'call.sh', text)]],
  JavaScript: (folder, text) => {
    mkdirSync(join(folder, 'node_modules'), { recursive: true });
    link(join(ROOT, 'clients/js'), join(folder, 'node_modules/owt'));
    return ['node', [put(folder, 'call.mjs', text)]];
  },
  Python: (folder, text) => [PYTHON, [put(folder, 'call.py', text)]],
  Rust: (folder, text) => [compiled(folder, put(folder, 'call.rs', text)), []],
  Haskell: (folder, text) => [
    'runhaskell',
    [`-i${join(ROOT, 'clients/haskell/src')}`, put(folder, 'call.hs', text)],
  ],
  Go: (folder, text) => ['go', ['run', put(folder, 'call.go', text)]],
  Java: (folder, text) => ['java', [put(folder, 'Call.java', text)]],
  'C#': (folder, text) => [compiledCsharp(folder, put(folder, 'Call.cs', text)), []],
  Ruby: (folder, text) => ['ruby', [put(folder, 'call.rb', text)]],
  PHP: (folder, text) => ['php', [put(folder, 'call.php', text)]],
  R: (folder, text) => ['Rscript', [put(folder, 'call.R', text)]],
  Julia: (folder, text) => ['julia', [put(folder, 'call.jl', text)]],
};

/** What it prints, as bytes. */
export async function printed(language, folder, text) {
  const [command, args] = RUNNERS[language](folder, text);
  const env = { ...ENV, PYTHONPATH: join(ROOT, 'owt-python/python') };
  const options = { cwd: folder, env, encoding: 'buffer', timeout: 120_000 };
  const { stdout } = await promisify(execFile)(command, args, options);
  return stdout;
}

/** What shows whether a language is here. */
const PROBES = {
  Haskell: ['runhaskell', '--version'],
  Rust: ['cargo', '--version'],
  Go: ['go', 'version'],
  // A runtime alone compiles nothing.
  Java: ['javac', '--version'],
  'C#': ['mcs', '--version'],
  Ruby: ['ruby', '--version'],
  PHP: ['php', '--version'],
  R: ['Rscript', '-e', 'library(curl); library(jsonlite)'],
  Julia: ['julia', '-e', 'import JSON'],
};

/** Why programs in that language cannot be run here; false if they can. */
export function missing(language) {
  if (!(language in PROBES)) return false;
  const [command, ...args] = PROBES[language];
  try {
    execFileSync(command, args, { stdio: 'ignore' });
    return false;
  } catch {
    return `no ${language} here: ${[command, ...args].join(' ')}`;
  }
}

function put(folder, name, text) {
  writeFileSync(join(folder, name), text);
  return name;
}

function link(target, path) {
  try {
    symlinkSync(target, path);
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
  }
}

let libraries;

/** Builds the client once, as its own examples want it, and then a program against that. */
function compiled(folder, file) {
  libraries ??= built();
  const { externs, deps } = libraries;
  const all = Object.entries(externs).flatMap(([name, path]) => ['--extern', `${name}=${path}`]);
  const args = ['--edition', '2024', '-L', `dependency=${deps}`, ...all, '-o', 'call', file];
  execFileSync('rustc', args, { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] });
  return join(folder, 'call');
}

function compiledCsharp(folder, file) {
  execFileSync('mcs', ['-out:call.exe', '-r:System.Net.Http.dll', file], { cwd: folder });
  const script = put(folder, 'call', '#!/bin/sh\nexec mono call.exe\n');
  chmodSync(join(folder, script), 0o755);
  return join(folder, script);
}

function built() {
  const args = ['build', '--locked', '-p', 'owt-client', '--example', 'stream'];
  const out = execFileSync('cargo', [...args, '--message-format', 'json', '--quiet'], {
    cwd: ROOT,
    maxBuffer: 64 << 20,
  });
  const externs = {};
  for (const line of out.toString().split('\n').filter(Boolean)) {
    const { reason, target, filenames } = JSON.parse(line);
    const wanted = ['owt_client', 'tokio', 'serde_json'].includes(target?.name);
    const library = filenames?.find((name) => name.endsWith('.rlib'));
    if (reason === 'compiler-artifact' && wanted && library) externs[target.name] = library;
  }
  return { externs, deps: dirname(externs.tokio) };
}
