import assert from 'node:assert/strict';
import { test } from 'node:test';
import { healthLines } from './health-lines.ts';

test('a program is ready when it answers, and people are told what is asked', () => {
  const lines = healthLines('web', { kind: 'tcp' }, 8000);
  assert.equal(lines.waiting, 'waiting for port 8000 of the program');
  assert.match(lines.slow, /^port 8000 does not answer yet, so web gets no calls/);
  assert.equal(lines.changed(true), 'web is ready: port 8000 answers');
  assert.equal(lines.changed(false), 'web is unhealthy: port 8000 does not answer; it gets no calls');
  assert.equal(lines.changed(true), 'web is ready again: port 8000 answers');
});

test('a program that nothing is asked of is ready when it runs', () => {
  const lines = healthLines('me', { kind: 'none' }, 0);
  assert.equal(lines.waiting, undefined);
  assert.equal(lines.changed(true), 'me is ready');
  const asked = healthLines('api', { kind: 'http', path: '/health' }, 80);
  assert.equal(asked.changed(true), 'api is ready: GET /health on port 80 answers');
});
