import { formatFault } from '@weft/core-config-text';
import { createFakeRuntime } from '@weft/core-runtime/testing';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs, { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, it } from 'node:test';
import { DirectorySource, type DirectorySourceOptions } from './directory-source.ts';
import type { ObjectChanges, ObjectSet } from './object-set.ts';

let directory: string;
let source: DirectorySource;
let sets: { readonly set: ObjectSet; readonly changes: ObjectChanges }[];
let next: (() => void) | undefined;
const runtime = createFakeRuntime();

const rule = (name: string, host = name): string =>
  `apiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata:\n  name: ${name}\nspec:\n  host: ${host}\n`;
const put = (name: string, text: string): void => {
  const aside = join(directory, `.${name.replaceAll('/', '_')}.new`);
  writeFileSync(aside, text);
  renameSync(aside, join(directory, name));
};
const names = (): string[] => [...(sets.at(-1)?.set.objects.values() ?? [])].map(({ ref }) => ref.name);

/** Until the system told of a change and the source read it: time goes on with every turn of the event loop. */
function nextSet(): Promise<void> {
  return new Promise((resolve) => {
    let done = false;
    next = () => {
      done = true;
      resolve();
    };
    const turn = (): void => {
      if (done) return;
      runtime.timers.advance(60);
      setImmediate(turn);
    };
    turn();
  });
}

async function restart(options: Partial<DirectorySourceOptions> = {}): Promise<void> {
  (source as DirectorySource | undefined)?.close();
  source = new DirectorySource(
    { directory, runtime, ...options },
    {
      onObjects: (set, changes) => {
        sets.push({ set, changes });
        next?.();
      },
    },
  );
  await source.start();
}

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'sources-'));
  sets = [];
  mkdirSync(join(directory, 'deep'));
  put('a.yaml', rule('a'));
  put('deep/b.yml', rule('b'));
  put('notes.txt', 'nothing');
  await restart();
});
afterEach(() => {
  source.close();
  rmSync(directory, { recursive: true });
});

it('reads all files below the directory', () => {
  assert.deepEqual(names(), ['a', 'b']);
  assert.equal(sets[0]?.changes.added.length, 2);
});

it('tells of files that change, come and go, in folders that come and go', async () => {
  put('a.yaml', rule('a', 'other'));
  await nextSet();
  assert.deepEqual(
    sets.at(-1)?.changes.changed.map(({ spec }) => spec),
    [{ host: 'other' }],
  );
  mkdirSync(join(directory, 'new'));
  put('new/c.yaml', rule('c'));
  await nextSet();
  assert.deepEqual(names(), ['a', 'b', 'c']);
  rmSync(join(directory, 'deep'), { recursive: true });
  await nextSet();
  assert.deepEqual(names(), ['a', 'c']);
  put('new/c.yaml', rule('d'));
  await nextSet();
  assert.deepEqual(names(), ['a', 'd']);
});

it('tells once of changes that come together, and nothing of a text that says the same', async () => {
  for (let i = 0; i < 5; i += 1) put(`x${i}.yaml`, rule(`x${i}`));
  await nextSet();
  while (names().length < 7) await nextSet();
  const before = sets.length;
  put('a.yaml', `# the same\n${rule('a')}`);
  put('z.yaml', rule('z'));
  await nextSet();
  while (!names().includes('z')) await nextSet();
  const since = sets.slice(before).flatMap(({ changes }) => [...changes.added, ...changes.changed, ...changes.removed]);
  assert.deepEqual(
    since.map(({ ref }) => ref.name),
    ['z'],
  );
});

it('keeps what is in force when a text is broken, and tells the faults', async () => {
  put('a.yaml', rule('a').replace('host', 'hots'));
  await nextSet();
  assert.deepEqual(names(), ['a', 'b']);
  assert.equal(sets.at(-1)?.set.faults.length, 2);
  put('a.yaml', rule('a'));
  await nextSet();
  assert.deepEqual(sets.at(-1)?.set.faults, []);
});

it('keeps the documents of a file that is emptied and written again', async () => {
  await restart({ emptyMs: 600_000 });
  writeFileSync(join(directory, 'a.yaml'), '');
  put('x.yaml', rule('x'));
  while (!names().includes('x')) await nextSet();
  assert.deepEqual(names(), ['a', 'b', 'x']);
  writeFileSync(join(directory, 'a.yaml'), rule('a', 'other'));
  await nextSet();
  assert.deepEqual(
    sets.flatMap(({ changes }) => [...changes.changed, ...changes.removed]).map(({ spec }) => spec),
    [{ host: 'other' }],
  );
  assert.equal(runtime.timers.pending, 0);
});

it('lets the documents of a file go that stays empty, or has none but a comment, or is gone', async () => {
  for (const [name, lose] of [
    ['empty', (file: string) => writeFileSync(file, '')],
    ['comment', (file: string) => writeFileSync(file, '# nothing any more')],
    ['gone', (file: string) => rmSync(file)],
  ] as const) {
    const file = join(directory, `${name}.yaml`);
    put(`${name}.yaml`, rule(name));
    while (!names().includes(name)) await nextSet();
    const since = runtime.clock.nowMs();
    lose(file);
    while (names().includes(name)) await nextSet();
    const waited = runtime.clock.nowMs() - since;
    if (name === 'empty') assert.ok(waited >= 1000, String(waited));
  }
  assert.equal(runtime.timers.pending, 0);
});

it('tells of what is named as a file and is none, and reads on', async () => {
  execFileSync('mkfifo', [join(directory, 'pipe.yaml')]);
  put('z.yaml', rule('z'));
  await nextSet();
  while (!names().includes('z')) await nextSet();
  assert.deepEqual(sets.at(-1)?.set.faults.map(formatFault), [
    `${join(directory, 'pipe.yaml')}: cannot be read: is a FIFO, and no file`,
  ]);
  rmSync(join(directory, 'pipe.yaml'));
  await nextSet();
  assert.deepEqual(sets.at(-1)?.set.faults, []);
});

it('follows links, but for those that lead to where they lie', async () => {
  const elsewhere = mkdtempSync(join(tmpdir(), 'sources-other-'));
  writeFileSync(join(elsewhere, 'c.yaml'), rule('c'));
  symlinkSync('..', join(directory, 'deep/loop'));
  symlinkSync('.', join(directory, 'self'));
  symlinkSync(tmpdir(), join(directory, 'above'));
  symlinkSync(elsewhere, join(directory, 'other'));
  symlinkSync(join(directory, 'deep'), join(elsewhere, 'back'));
  await nextSet();
  while (!names().includes('c')) await nextSet();
  while ((sets.at(-1)?.set.faults.length ?? 0) < 5) await nextSet();
  assert.deepEqual(names().sort(), ['a', 'b', 'c']);
  const told = sets.at(-1)?.set.faults.map((fault) => formatFault(fault).replaceAll(`${directory}/`, ''));
  const loop = 'is a link to a folder that it lies in: it is not followed';
  assert.deepEqual(told?.sort(), [
    `above: ${loop}`,
    `deep/loop: ${loop}`,
    'other/back/b.yml:1:1: metadata.name: DestinationRule default/b is already defined at deep/b.yml:1; that one is in force',
    `other/back/loop: ${loop}`,
    `self: ${loop}`,
  ]);
  rmSync(join(directory, 'self'));
  rmSync(join(directory, 'above'));
  rmSync(join(directory, 'other'));
  while ((sets.at(-1)?.set.faults.length ?? 0) > 1) await nextSet();
  assert.deepEqual(names(), ['a', 'b']);
  rmSync(elsewhere, { recursive: true });
});

it('reads a folder that the system refuses to watch, and says that changes are not noticed', async (t) => {
  t.mock.method(fs, 'watch', () => {
    throw new Error('ENOSPC: no watch is left');
  });
  syncBuiltinESMExports();
  t.after(() => {
    t.mock.restoreAll();
    syncBuiltinESMExports();
  });
  const found: string[] = [];
  const own = createFakeRuntime();
  const unwatched = new DirectorySource(
    { directory, runtime: own },
    { onObjects: ({ objects }) => void found.push(...[...objects.values()].map(({ ref }) => ref.name)) },
  );
  await unwatched.start();
  unwatched.close();
  assert.deepEqual(found, ['a', 'b']);
  const told = ['', '/deep'].map(
    (below) => `changes in ${directory}${below} will not be noticed: ENOSPC: no watch is left`,
  );
  assert.deepEqual(
    told.map((line) => own.logged.some((one) => one.includes(line))),
    [true, true],
    own.logged.join(''),
  );
});

it('reads a file with the defaults of the mesh beside the folder, and again when it changes', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'sources-mesh-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'mesh');
  writeFileSync(file, 'accessLogFile: /dev/stdout\n');
  await restart({ meshConfig: { file, namespace: 'istio-system' } });
  const mesh = (): unknown =>
    [...(sets.at(-1)?.set.objects.values() ?? [])].find(({ ref }) => ref.kind === 'ConfigMap')?.spec;
  assert.deepEqual(mesh(), { data: { mesh: { accessLogFile: '/dev/stdout' } } });
  assert.deepEqual(names().sort(), ['a', 'b', 'istio']);
  let changed = nextSet();
  writeFileSync(`${file}.new`, 'accessLogFile: /dev/stderr\n');
  renameSync(`${file}.new`, file);
  await changed;
  assert.deepEqual(mesh(), { data: { mesh: { accessLogFile: '/dev/stderr' } } });
  changed = nextSet();
  rmSync(file);
  await changed;
  assert.equal(mesh(), undefined);
  assert.match(sets.at(-1)?.set.faults[0]?.message ?? '', /there is no such file/);
});
