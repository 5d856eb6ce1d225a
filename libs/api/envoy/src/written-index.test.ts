import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { indexDescriptors } from './descriptor-index.ts';
import { descriptorFile } from './registry.ts';
import { readIndex, writeIndex } from './written-index.ts';

test('An index that was written is read as it was, and not for other descriptors', () => {
  const set = readFileSync(descriptorFile());
  const index = indexDescriptors(set);
  const text = writeIndex(index, set.length);
  assert.deepEqual(readIndex(text, set.length), index);
  assert.equal(readIndex(text, set.length + 1), undefined);
  assert.ok(text.length < set.length / 6);
});
