// Bundles entry points of the project in the current folder, for release:
//   node ../../tools/bundle.mjs [--out=dist] [--copy=FILE:FOLDER]... [--package=NAME]... [--inputs=FILE] NAME=ENTRY...
// Each ENTRY, with all it imports, becomes OUT/NAME.js; --copy puts data files beside them; --package puts a package with
// native code, which is loaded from where it lies, into OUT/node_modules, with the binaries that are installed; --inputs
// writes the list of all files that were read. OUT is emptied first.
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, join, relative, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    out: { type: 'string', default: 'dist' },
    copy: { type: 'string', multiple: true, default: [] },
    package: { type: 'string', multiple: true, default: [] },
    inputs: { type: 'string' },
  },
});
const entries = Object.fromEntries(positionals.map((pair) => pair.split('=')));
/** An import of node:http touches all that it exports, WebSocket among it, and so loads a whole client: 30 ms of each start. */
const requiredHttp = {
  name: 'required-http',
  setup(builder) {
    builder.onResolve({ filter: /^node:http$/ }, ({ kind }) =>
      kind === 'import-statement' ? { path: 'http', namespace: 'required' } : { path: 'node:http', external: true },
    );
    builder.onLoad({ filter: /^http$/, namespace: 'required' }, () => ({
      contents: "module.exports = require('node:http');",
    }));
  },
};
rmSync(values.out, { recursive: true, force: true });
const { metafile } = await build({
  metafile: true,
  entryPoints: entries,
  outdir: values.out,
  bundle: true,
  platform: 'node',
  target: 'node24',
  format: 'esm',
  conditions: ['@weft/source'],
  define: { WEFT_VERSION: JSON.stringify(JSON.parse(readFileSync('package.json', 'utf8')).version) },
  minifySyntax: true,
  minifyWhitespace: true,
  keepNames: true,
  sourcemap: 'linked',
  // Stacks name lines; what stands there is read nowhere, and reading the map is a part of each start.
  sourcesContent: false,
  legalComments: 'linked',
  // Packages in CommonJS form call require(); a bundle in module form has none of its own.
  banner: {
    js: "import { createRequire as weftRequire } from 'node:module';\nconst require = weftRequire(import.meta.url);",
  },
  plugins: [requiredHttp],
  logLevel: 'warning',
});
for (const [from, to] of values.copy.map((pair) => pair.split(':'))) {
  mkdirSync(join(values.out, to), { recursive: true });
  cpSync(from, join(values.out, to, basename(from)));
}
if (values.inputs !== undefined) {
  // Those of a plugin's own have no file.
  const read = Object.keys(metafile.inputs).map((file) => resolve(file));
  writeFileSync(values.inputs, JSON.stringify(read.filter((file) => existsSync(file))));
}
const installed = join(import.meta.dirname, '../node_modules');
for (const name of values.package) {
  const { optionalDependencies = {} } = JSON.parse(readFileSync(join(installed, name, 'package.json'), 'utf8'));
  for (const part of [name, ...Object.keys(optionalDependencies)]) {
    const from = join(installed, part);
    // Sources and documents of native code are no part of what runs.
    const filter = (file) =>
      !/^(?:vendor|doc)(?:\/|$)/.test(relative(from, file)) &&
      (statSync(file).isDirectory() || /\.(?:[cm]?js|json|node|txt)$/.test(file));
    if (existsSync(from)) cpSync(from, join(values.out, 'node_modules', part), { recursive: true, filter });
  }
}
for (const name of Object.keys(entries)) {
  const file = join(values.out, `${name}.js`);
  process.stdout.write(`${file} ${Math.round(statSync(file).size / 1024)} KiB\n`);
}
