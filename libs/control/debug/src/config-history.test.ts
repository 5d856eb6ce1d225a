import assert from 'node:assert/strict';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { ConfigHistory } from './config-history.ts';
import { readConfigFiles } from './config-files.ts';

const doc = (name: string, more = ''): string => `apiVersion: v1\nkind: Namespace\nmetadata: {name: ${name}${more}}\n`;

class World {
  readonly configDir: string;
  readonly stateDir: string;
  readonly folder: string;
  private readonly kept: number;

  constructor(t: TestContext, kept = 50) {
    this.folder = mkdtempSync(join(tmpdir(), 'weft-history-'));
    this.kept = kept;
    t.after(() => rmSync(this.folder, { recursive: true }));
    this.configDir = join(this.folder, 'mesh');
    this.stateDir = join(this.configDir, '.weft-state');
    mkdirSync(this.configDir);
  }

  open(): ConfigHistory {
    const { configDir, stateDir, kept } = this;
    return ConfigHistory.open({ configDir, stateDir, kept, clock: { nowMs: () => 0, wallMs: () => 1000 } });
  }

  write(files: Readonly<Record<string, string>>): void {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(join(this.configDir, path, '..'), { recursive: true });
      writeFileSync(join(this.configDir, path), text);
    }
  }

  get files(): Record<string, string> {
    return Object.fromEntries(readConfigFiles(this.configDir));
  }
}

describe('the history of the documents', () => {
  it('follows links as the control plane does, and never out of a loop', (t) => {
    const world = new World(t);
    world.write({ 'a.yaml': doc('a'), '../other/b.yaml': doc('b') });
    symlinkSync('../other', join(world.configDir, 'other'));
    symlinkSync('..', join(world.configDir, 'loop'));
    assert.deepEqual(Object.keys(world.files), ['a.yaml', 'other/b.yaml']);
  });

  it('keeps a version whenever files are different, and survives a restart', (t) => {
    const world = new World(t);
    const history = world.open();
    world.write({ 'a.yaml': doc('a'), 'sub/b.json': '{}', 'notes.txt': 'no document', '.hidden.yaml': 'x' });
    assert.equal(history.record()?.version, 1);
    assert.equal(history.record(), undefined, 'nothing changed');
    world.write({ 'a.yaml': doc('a', ', labels: {x: y}') });
    assert.equal(history.record()?.version, 2);
    const again = world.open();
    assert.deepEqual(
      again.versions().map(({ version, files }) => [version, Object.keys(files)]),
      [
        [2, ['a.yaml', 'sub/b.json']],
        [1, ['a.yaml', 'sub/b.json']],
      ],
    );
    assert.equal(again.record(), undefined, 'a restart is no change');
  });

  it('keeps what Secrets hold for the owner of the state alone', (t) => {
    const world = new World(t);
    world.write({ 'a.yaml': 'kind: Secret\n' });
    const history = world.open();
    history.record();
    const texts = join(world.stateDir, 'history', 'texts');
    for (const name of readdirSync(texts)) assert.equal(statSync(join(texts, name)).mode & 0o777, 0o600);
    assert.equal(statSync(join(world.stateDir, 'history')).mode & 0o777, 0o700);
  });

  it('forgets the oldest, and the texts that nobody needs', (t) => {
    const world = new World(t, 2);
    const history = world.open();
    for (const name of ['a', 'b', 'c', 'd']) {
      world.write({ 'one.yaml': doc(name), 'same.yaml': doc('same') });
      history.record();
    }
    assert.deepEqual(
      history.versions().map(({ version }) => version),
      [4, 3],
    );
    assert.equal(readdirSync(join(world.stateDir, 'history', 'texts')).length, 3);
    assert.equal(world.open().record(), undefined);
  });

  it('keeps many new files in few, a step at a time, and gives each back', (t) => {
    const world = new World(t, 2);
    const history = world.open();
    const many = Object.fromEntries(Array.from({ length: 600 }, (_, at) => [`f${at}.yaml`, doc(`n${at}`)]));
    world.write(many);
    let steps = 1;
    while (!history.recordAhead(() => false)) steps += 1;
    assert.ok(steps > 1200, 'files are read and hashed one by one');
    const texts = join(world.stateDir, 'history', 'texts');
    assert.equal(readdirSync(texts).length, 2);
    for (const name of readdirSync(texts)) assert.equal(statSync(join(texts, name)).mode & 0o777, 0o600);
    const [first] = world.open().versions();
    assert.ok(first);
    assert.equal(world.open().texts(first).get('f599.yaml'), doc('n599'));
    for (const name of Object.keys(many)) rmSync(join(world.configDir, name));
    for (const name of ['x', 'y']) {
      world.write({ 'a.yaml': doc(name) });
      history.record();
    }
    assert.equal(readdirSync(texts).length, 2, 'bundles that no version needs are gone');
  });

  it('finishes what it keeps before a rollback looks at it', (t) => {
    const world = new World(t);
    const history = world.open();
    world.write({ 'a.yaml': doc('a') });
    history.record();
    world.write({ 'a.yaml': doc('b') });
    assert.equal(
      history.recordAhead(() => false),
      false,
    );
    assert.equal(history.isRecording, true);
    assert.equal(history.rollback(1).kind, 'done');
    assert.deepEqual([history.versions().map(({ version }) => version), history.isRecording], [[3, 2, 1], false]);
    assert.deepEqual(world.files, { 'a.yaml': doc('a') });
  });

  it('tells documents that were added, removed, changed and moved, in whatever file', (t) => {
    const world = new World(t);
    const history = world.open();
    world.write({ 'a.yaml': `${doc('stays')}---\n${doc('goes')}---\n${doc('changes')}`, 'm.yaml': doc('moves') });
    const before = history.record();
    world.write({
      'a.yaml': `${doc('changes', ', labels: {x: y}')}---\n${doc('stays')}`,
      'm.yaml': '',
      'n.yaml': `${doc('moves')}---\n${doc('comes')}`,
    });
    const after = history.record();
    assert.ok(before && after);
    assert.deepEqual(
      history.diff(before, after).map(({ change, document, file }) => [change, document, file]),
      [
        ['changed', 'Namespace changes', 'a.yaml'],
        ['added', 'Namespace comes', 'n.yaml'],
        ['removed', 'Namespace goes', 'a.yaml'],
        ['moved', 'Namespace moves', 'n.yaml'],
      ],
    );
    assert.match(
      history.diff(before, after)[0]?.diff ?? '',
      /^-metadata: \{name: changes\}\n\+metadata: \{name: changes, labels/m,
    );
  });

  it('never shows what a Secret holds, nor what may be one', (t) => {
    const world = new World(t);
    const history = world.open();
    const secret = (key: string): string =>
      `apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {key: ${key}}\n`;
    world.write({
      'a.yaml': secret('FIRSTKEY'),
      'b.yaml': `kind: Secret\n  broken: [FIRSTKEY\n`,
      'c.json': '{"kind": "Secret", "x": "FIRSTKEY"',
    });
    const before = history.record();
    world.write({
      'a.yaml': secret('OTHERKEY'),
      'b.yaml': `kind: Secret\n  broken: [OTHERKEY\n`,
      'c.json': '{"kind": "Secret", "x": "OTHERKEY"',
    });
    const after = history.record();
    assert.ok(before && after);
    const changes = history.diff(before, after);
    assert.equal(changes.length, 3);
    assert.doesNotMatch(JSON.stringify(changes), /KEY/);
  });
});

describe('a rollback', () => {
  it('puts back files that changed and went, removes those that came, and is a version of its own', (t) => {
    const world = new World(t);
    const history = world.open();
    world.write({ 'a.yaml': doc('a'), 'sub/b.yaml': doc('b') });
    history.record();
    rmSync(join(world.configDir, 'sub'), { recursive: true });
    world.write({ 'a.yaml': doc('a2'), 'c.yaml': doc('c'), 'notes.txt': 'stays' });
    history.record();
    const result = history.rollback(1);
    assert.equal(result.kind, 'done');
    assert.deepEqual(world.files, { 'a.yaml': doc('a'), 'sub/b.yaml': doc('b') });
    assert.equal(readFileSync(join(world.configDir, 'notes.txt'), 'utf8'), 'stays');
    assert.deepEqual(readdirSync(world.configDir).sort(), ['.weft-state', 'a.yaml', 'notes.txt', 'sub']);
    assert.deepEqual([history.versions()[0]?.version, history.versions()[0]?.note], [3, 'rollback to 1']);
    assert.equal(history.record(), undefined, 'the watcher that sees the files changes nothing');
  });

  it('is refused where a file is in no version yet, and does it by force', (t) => {
    const world = new World(t);
    const history = world.open();
    world.write({ 'a.yaml': doc('a') });
    history.record();
    world.write({ 'a.yaml': doc('b') });
    history.record();
    world.write({ 'new.yaml': doc('by-hand') });
    const refused = history.rollback(1);
    assert.deepEqual(refused, {
      kind: 'refused',
      message: 'new.yaml changed and is in no version yet: a rollback would lose that',
      files: ['new.yaml'],
    });
    assert.equal(world.files['a.yaml'], doc('b'));
    assert.equal(history.rollback(1, true).kind, 'done');
    assert.deepEqual(world.files, { 'a.yaml': doc('a') });
  });

  it('names the versions that there are', (t) => {
    const world = new World(t);
    const history = world.open();
    assert.deepEqual(history.rollback(1), { kind: 'unknown', message: 'there is no version 1: none are kept' });
    world.write({ 'a.yaml': doc('a') });
    history.record();
    assert.deepEqual(history.rollback(9), { kind: 'unknown', message: 'there is no version 9: 1 to 1 are kept' });
  });

  it('leaves everything as it was when a file cannot be put in its place', (t) => {
    const world = new World(t);
    const history = world.open();
    world.write({ 'a.yaml': doc('a'), 'b.yaml': doc('b') });
    history.record();
    rmSync(join(world.configDir, 'b.yaml'));
    world.write({ 'a.yaml': doc('a2') });
    history.record();
    // A folder that is not empty has the name by now: no file can take its place.
    world.write({ 'b.yaml/inner.txt': 'x' });
    assert.throws(() => history.rollback(1));
    assert.deepEqual(world.files, { 'a.yaml': doc('a2') });
    assert.deepEqual(readdirSync(world.configDir).sort(), ['.weft-state', 'a.yaml', 'b.yaml']);
  });

  it('that a crash cut off is finished at the next start', (t) => {
    const world = new World(t);
    const history = world.open();
    world.write({ 'a.yaml': doc('a'), 'b.yaml': doc('b') });
    history.record();
    world.write({ 'a.yaml': doc('a2'), 'b.yaml': doc('b2') });
    history.record();
    writeFileSync(join(world.stateDir, 'history', 'rollback.json'), '{"version": 1}');
    world.write({ 'a.yaml': doc('a') });
    world.open();
    assert.deepEqual(world.files, { 'a.yaml': doc('a'), 'b.yaml': doc('b') });
    assert.ok(!readdirSync(join(world.stateDir, 'history')).includes('rollback.json'));
  });

  it('of a mounted folder is refused', (t) => {
    const world = new World(t);
    const history = world.open();
    world.write({ 'a.yaml': doc('a') });
    history.record();
    symlinkSync('.', join(world.configDir, '..data'));
    const refused = history.rollback(1);
    assert.equal(refused.kind, 'refused');
    assert.match(
      refused.kind === 'refused' ? refused.message : '',
      /is mounted from a ConfigMap: change that instead$/,
    );
  });
});
