// node commonjs.js
//
// Writes index.cjs, which is index.js for `require`: Jest, and programs that are bundled from
// CommonJS, know no other way. npm runs this before it installs or packs the package.

import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';

const place = (name) => new URL(name, import.meta.url);
const source = readFileSync(place('index.js'), 'utf8');
const EXPORT = /^export ((?:async )?(?:function|class) (\w+))/gm;
const names = Array.from(source.matchAll(EXPORT), ([, , name]) => name);
const code = source.replace(EXPORT, '$1');
writeFileSync(
  place('index.cjs'),
  `'use strict';\n${code}\nmodule.exports = { ${names.join(', ')} };\n`,
);
copyFileSync(place('index.d.ts'), place('index.d.cts'));
