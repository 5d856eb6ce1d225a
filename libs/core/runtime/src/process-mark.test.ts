import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { hasEnded, lifeOf, markOf, ownMark, parseMark } from './process-mark.ts';

test('a process that runs has not ended, and one that ran has', async () => {
  assert.equal(hasEnded(ownMark()), false);
  const child = spawn('sleep', ['60']);
  const mark = markOf(child.pid ?? 0);
  assert.equal(hasEnded(mark), false);
  child.kill('SIGKILL');
  await once(child, 'close');
  assert.equal(hasEnded(mark), true);
});

test('a number that was given again, or is of an earlier start of the machine, is no sign of life', () => {
  assert.equal(hasEnded({ ...ownMark(), started: '1' }), true);
  assert.equal(hasEnded({ ...ownMark(), boot: 'earlier' }), true);
});

test('of a process of another machine, or of none that we know, nothing is known', () => {
  assert.equal(lifeOf(ownMark()), 'running');
  assert.equal(lifeOf({ ...ownMark(), started: '1' }), 'ended');
  assert.equal(lifeOf({ ...ownMark(), boot: 'another machine' }), 'elsewhere');
  assert.equal(lifeOf({ ...ownMark(), space: 'pid:[1]' }), 'elsewhere');
  assert.equal(lifeOf({ ...ownMark(), boot: '' }), 'elsewhere', 'a system that does not tell');
});

test('of a process in another container nothing is known', () => {
  assert.equal(hasEnded({ ...ownMark(), pid: 4_000_000, space: 'pid:[1]' }), false);
});

test('a mark is read as it was written, and nothing else is one', () => {
  assert.deepEqual(parseMark(JSON.stringify(ownMark())), ownMark());
  for (const text of ['', 'null', '{}', '{"pid":"1"}', '{"pid":1,"started":"1","boot":"b"}'])
    assert.equal(parseMark(text), undefined);
});
