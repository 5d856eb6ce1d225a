import { systemClock, SystemTimers } from '@weft/core-runtime';
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Child, endingText, exitCodeOf } from './child.ts';

const QUIET = { env: process.env, apart: true };

test('the exit code is that of the program, as a shell would tell it', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'weft-child-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const log = join(folder, 'log');
  const table: readonly (readonly [string, number, RegExp])[] = [
    ['exit 7', 7, /with exit code 7/],
    ['kill -TERM $$', 143, /by SIGTERM/],
    ['echo said; exit 0', 0, /with exit code 0/],
  ];
  for (const [script, code, text] of table) {
    const ending = await new Child({ command: 'sh', args: ['-c', script] }, { ...QUIET, log }).ended;
    assert.equal(exitCodeOf(ending), code);
    assert.match(endingText(ending), text);
  }
  assert.equal(readFileSync(log, 'utf8'), 'said\n');
  const missing = await new Child({ command: '/no/such/program', args: [] }, { ...QUIET, log }).ended;
  assert.equal(exitCodeOf(missing), 127);
  assert.match(endingText(missing), /before it began \(.*ENOENT/);
});

test('a program that ignores the request to end is killed', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'weft-child-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const log = join(folder, 'log');
  const script = 'trap "" TERM; echo ready; while :; do sleep 0.05; done';
  const child = new Child({ command: 'sh', args: ['-c', script] }, { ...QUIET, log });
  while (!readFileSync(log, 'utf8').includes('ready')) await new Promise(setImmediate);
  const ending = await child.stop(50, new SystemTimers(systemClock));
  assert.equal(ending.signal, 'SIGKILL');
  assert.equal(child.alive, false);
});
