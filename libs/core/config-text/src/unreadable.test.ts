import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { it } from 'node:test';
import { unreadable } from './unreadable.ts';

it('why a file cannot be read is told in words', () => {
  const reasonFor = (path: string): string => {
    try {
      return readFileSync(path, 'utf8');
    } catch (error) {
      return unreadable(error);
    }
  };
  assert.equal(reasonFor('/no/such.yaml'), 'there is no such file');
  assert.equal(reasonFor(import.meta.dirname), 'it is a directory');
  assert.equal(unreadable(Object.assign(new Error('x'), { code: 'EIO' })), 'EIO');
  assert.equal(unreadable(new Error('what it says')), 'what it says');
});
