import assert from 'node:assert/strict';
import { it } from 'node:test';
import { explainBindError } from './explain-bind-error.ts';

it('says what to do about a port that is taken, and keeps the words of what it does not know', () => {
  const error = (code: string): Error => Object.assign(new Error(`listen ${code}`), { code });
  assert.match(explainBindError(error('EADDRINUSE')), /another process uses this port/);
  assert.equal(explainBindError(error('EOTHER')), 'listen EOTHER');
});
