import { ownMark } from '@weft/core-runtime';
import assert from 'node:assert/strict';
import {
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { makeRunFolder, removeStaleFolders } from './run-folder.ts';

const GONE = JSON.stringify({ ...ownMark(), started: '1' });

function parent(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'weft-stale-'));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

test('folders of runs that were killed go at the next start, those of runs that live stay', (t) => {
  const place = parent(t);
  const living = makeRunFolder('run', place);
  const killed = ['run', 'net'].map((kind) => {
    const folder = makeRunFolder(kind as 'run' | 'net', place);
    writeFileSync(join(folder, 'owner.json'), GONE);
    mkdirSync(join(folder, 'proxy'));
    return folder;
  });
  assert.equal(removeStaleFolders(place).length, 2);
  assert.deepEqual([existsSync(living), ...killed.map((folder) => existsSync(folder))], [true, false, false]);
  assert.deepEqual(removeStaleFolders(place), []);
});

test('what is not certain to be ours stays', (t) => {
  const place = parent(t);
  const elsewhere = mkdtempSync(join(tmpdir(), 'weft-else-'));
  t.after(() => rmSync(elsewhere, { recursive: true }));
  writeFileSync(join(elsewhere, 'owner.json'), GONE);
  symlinkSync(elsewhere, join(place, 'weft-run-link'));
  mkdirSync(join(place, 'weft-run-empty'));
  writeFileSync(join(place, 'weft-run-file'), GONE);
  mkdirSync(join(place, 'other'));
  writeFileSync(join(place, 'other/owner.json'), GONE);
  if (process.getuid?.() === 0) {
    mkdirSync(join(place, 'weft-run-theirs'));
    writeFileSync(join(place, 'weft-run-theirs/owner.json'), GONE);
    chownSync(join(place, 'weft-run-theirs'), 1337, 1337);
  }
  const before = readdirSync(place);
  assert.deepEqual(removeStaleFolders(place), []);
  assert.deepEqual(readdirSync(place), before);
  assert.ok(existsSync(join(elsewhere, 'owner.json')));
  assert.deepEqual(removeStaleFolders('/nonexistent'), []);
});
