import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ReadBuffer } from './read-buffer.ts';

test('What was taken stays as it was, whatever is read next', () => {
  const reads = new ReadBuffer();
  const taken: Buffer[] = [];
  for (let i = 0; i < 500; i++) {
    const length = (i * 977) % 65_536;
    reads.buffer.fill(i & 255, 0, length);
    taken.push(reads.take(length));
  }
  taken.forEach((chunk, i) => {
    assert.equal(chunk.length, (i * 977) % 65_536);
    assert.ok(chunk.every((octet) => octet === (i & 255)));
  });
});
