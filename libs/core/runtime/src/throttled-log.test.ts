import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRuntime } from './runtime.ts';
import { createFakeRuntime } from './testing.ts';
import { ThrottledLog } from './throttled-log.ts';

test('of a swarm of warnings one is written in ten seconds, and tells how many were left out', () => {
  const lines: string[] = [];
  const { clock } = createFakeRuntime();
  const logger = createRuntime('info', (line) => lines.push(line.replace(/^.*\] /, '').trim())).loggers.get('x');
  const log = new ThrottledLog(logger, clock);
  for (let i = 0; i < 3; i += 1) log.warning((more) => `denied${more}`);
  clock.advance(10_000);
  log.warning((more) => `denied${more}`);
  assert.deepEqual(lines, ['denied', 'denied (and 2 more since the last such line)']);
});
