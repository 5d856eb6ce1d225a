// Bundles `weft run` and the proxy for the demo: node tools/demo-bundles.mjs FOLDER. They get a folder of their own in FOLDER,
// laid out as among the sources, and FOLDER/newest.json says which and what it was made from. Demos that run keep theirs;
// what is older than a day goes.
import { spawnSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { root } from './setup/paths.mjs';

const DAY_MS = 24 * 3_600_000;
const DESCRIPTORS = join(root, 'libs/api/envoy/descriptors/envoy-1.40.0.binpb');
const APPS = {
  workload: ['src/main=src/main.ts'],
  proxy: ['--package=koffi', 'src/main=src/main.ts'],
};

const begunMs = Date.now();
const place = process.argv[2];
mkdirSync(place, { recursive: true });
for (const name of readdirSync(place))
  if (name.startsWith('at-') && Date.now() - statSync(join(place, name)).mtimeMs > DAY_MS)
    rmSync(join(place, name), { recursive: true, force: true });

const folder = mkdtempSync(join(place, 'at-'));
const inputs = new Set([DESCRIPTORS, import.meta.filename, join(import.meta.dirname, 'bundle.mjs')]);
for (const [app, args] of Object.entries(APPS)) {
  const list = join(folder, `${app}.json`);
  const into = [`--out=${join(folder, app)}`, `--inputs=${list}`, `--copy=${DESCRIPTORS}:descriptors`];
  run([join(import.meta.dirname, 'bundle.mjs'), ...into, ...args], `apps/${app}`);
  run(['--conditions=@weft/source', 'libs/api/envoy/tools/write-index.mjs', join(folder, app, 'descriptors')], '.');
  for (const file of JSON.parse(readFileSync(list, 'utf8'))) inputs.add(file);
  inputs.add(join(root, `apps/${app}/package.json`));
}

const states = [...inputs].map((file) => {
  const { size, mtimeMs } = statSync(file);
  // Of a file that changed meanwhile nobody knows which state was read.
  return [file, mtimeMs > begunMs ? '' : `${size} ${mtimeMs}`];
});
const note = join(folder, 'newest.json');
writeFileSync(note, JSON.stringify({ folder, inputs: Object.fromEntries(states) }));
// At once: another demo may be reading it.
renameSync(note, join(place, 'newest.json'));
process.stdout.write('weft run and the proxy are bundled\n');

function run(args, cwd) {
  const done = spawnSync(process.execPath, args, { cwd: join(root, cwd), encoding: 'utf8' });
  if (done.status === 0) return;
  rmSync(folder, { recursive: true, force: true });
  process.stderr.write(`${args.join(' ')}: ${done.stderr}\n`);
  process.exit(1);
}
