import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, readFileSync, readSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { FakeTime } from '@weft/core-runtime/testing';
import { createNullScope, type StatsScope } from '@weft/core-stats';
import { LogFiles } from './log-files.ts';

let folder = '';
let path = '';
let time: FakeTime;
let stats: StatsScope;
let files: LogFiles;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'weft-log-'));
  path = join(folder, 'access.log');
  time = new FakeTime();
  stats = createNullScope();
  files = new LogFiles(time, stats);
});
afterEach(async () => {
  await files.close();
  rmSync(folder, { recursive: true });
});

const counter = (name: string): number => stats.counter(`filesystem.${name}`).value;
const buffered = (): number => stats.gauge('filesystem.write_total_buffered').value;

/** The system writes on a thread of its own: one turn of the event loop after another until `ready`. */
async function until(ready: () => boolean): Promise<void> {
  while (!ready()) await new Promise((resolve) => setImmediate(resolve));
}

test('lines wait for the timer, then are written together', async () => {
  const file = files.open(path);
  file.write('one\n');
  file.write('two é\n'.replace('é', '\u00c3\u00a9'));
  assert.deepEqual([counter('write_buffered'), buffered(), counter('write_completed')], [2, 11, 0]);
  assert.equal(readFileSync(path, 'utf8'), '');
  time.advance(10_000);
  await until(() => counter('write_completed') === 1);
  assert.equal(readFileSync(path, 'utf8'), 'one\ntwo é\n');
  assert.deepEqual([counter('flushed_by_timer'), buffered()], [1, 0]);
});

test('64 KiB do not wait', async () => {
  const file = files.open(path);
  const line = `${'x'.repeat(1023)}\n`;
  for (let i = 0; i < 64; i += 1) file.write(line);
  await until(() => counter('write_completed') === 1);
  assert.equal(readFileSync(path).length, 65_536);
  assert.equal(counter('flushed_by_timer'), 0);
});

test('lines that come during a write are not lost and keep their order', async () => {
  const file = files.open(path);
  file.write('1\n');
  file.flush();
  file.write('2\n');
  file.flush();
  file.write('3\n');
  await files.close();
  assert.equal(readFileSync(path, 'utf8'), '1\n2\n3\n');
});

test('closing writes the rest and leaves no timer behind', async () => {
  const file = files.open(path);
  file.write('last\n');
  await files.close();
  assert.equal(readFileSync(path, 'utf8'), 'last\n');
  assert.equal(time.pending, 0);
  file.write('too late\n');
  assert.equal(counter('write_failed'), 1);
});

test('two logs of one path share its file, and both append to what is there', async () => {
  assert.equal(files.open(path), files.open(path));
  files.open(path).write('a\n');
  await files.close();
  files.open(path).write('b\n');
  await files.close();
  assert.equal(readFileSync(path, 'utf8'), 'a\nb\n');
});

test('after a rotation lines go to the new file', async () => {
  const file = files.open(path);
  file.write('old\n');
  renameSync(path, `${path}.1`);
  files.reopen();
  file.write('new\n');
  await files.close();
  assert.equal(readFileSync(`${path}.1`, 'utf8'), 'old\n');
  assert.equal(readFileSync(path, 'utf8'), 'new\n');
});

test('a file that cannot be opened again goes on as it was', async () => {
  const inner = mkdtempSync(join(folder, 'inner-'));
  const file = files.open(join(inner, 'a.log'));
  rmSync(inner, { recursive: true });
  files.reopen();
  assert.equal(counter('reopen_failed'), 1);
  file.write('still fine\n');
  await files.close();
  assert.deepEqual([counter('write_completed'), counter('write_failed')], [1, 0]);
});

test('a pipe gets whole lines in pieces that it takes at once', async () => {
  execFileSync('mkfifo', [path]);
  // Kept open by a reader from the start, so that opening for writing does not wait.
  const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const file = files.open(path);
  const line = `${'x'.repeat(1499)}\n`;
  for (let i = 0; i < 10; i += 1) file.write(line);
  file.write(`${'y'.repeat(4999)}\n`);
  file.flush();
  await until(() => counter('write_completed') === 1);
  const bytes = Buffer.alloc(65_536);
  const text = bytes.toString('latin1', 0, readSync(reader, bytes));
  closeSync(reader);
  assert.equal(text, line.repeat(10) + `${'y'.repeat(4999)}\n`);
});

test('a file that cannot be opened is an error at once', () => {
  assert.throws(() => files.open(join(folder, 'none', 'a.log')), /ENOENT/);
});

test('a full disk is counted, and the next lines are tried again', async () => {
  const file = files.open('/dev/full');
  file.write('x\n');
  time.advance(10_000);
  await until(() => counter('write_failed') === 1);
  assert.equal(buffered(), 0);
  file.write('y\n');
  time.advance(10_000);
  await until(() => counter('write_failed') === 2);
});

test('all stats are there at 0 from the start', () => {
  for (const name of ['flushed_by_timer', 'reopen_failed', 'write_buffered', 'write_completed', 'write_failed']) {
    assert.equal(counter(name), 0);
  }
});
