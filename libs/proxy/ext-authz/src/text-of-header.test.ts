import assert from 'node:assert/strict';
import { test } from 'node:test';
import { textOfBytes, textOfHeader } from './text-of-header.ts';

test('bytes of a header are read as UTF-8, and those that are none become exclamation marks', () => {
  const wire = (text: string): string => Buffer.from(text).toString('latin1');
  assert.equal(textOfHeader('plain'), 'plain');
  assert.equal(textOfHeader(wire('é€😀')), 'é€😀');
  assert.equal(textOfHeader(`a\xff${wire('é')}\xc3`), 'a!é!');
  assert.equal(textOfBytes(Uint8Array.of(0xf0, 0x9f, 0x98, 0x41)), '!!!A');
});
