import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkDirectResponse } from './http-action.ts';

test('a body may have a MiB, counted in octets', () => {
  const faults = (body: { readonly string?: string; readonly bytes?: string }): string[] => {
    const found: string[] = [];
    checkDirectResponse({ status: 200, body }, 'at', (path, message) => found.push(`${path} ${message}`));
    return found;
  };
  assert.deepEqual(faults({ string: 'x'.repeat(1024 * 1024) }), []);
  assert.deepEqual(faults({ string: 'é'.repeat(524_289) }), ['at.body.string has 1048578 octets']);
  const bytes = Buffer.alloc(1024 * 1024 + 1).toString('base64');
  assert.deepEqual(faults({ bytes }), ['at.body.bytes has 1048577 octets']);
});
