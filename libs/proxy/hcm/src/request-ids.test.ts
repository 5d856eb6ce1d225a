import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSystemRandom } from '@weft/core-runtime';
import { RequestIds } from './request-ids.ts';

test('Ids are random UUIDs, none twice', () => {
  const ids = new RequestIds(createSystemRandom());
  const made = Array.from({ length: 1000 }, () => ids.next());
  for (const id of made) assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  assert.equal(new Set(made).size, made.length);
});

test('Of random digits only version and variant are changed', () => {
  const ids = new RequestIds({ below: () => 0, hex: () => '0123456789abcdef0123456789abcdef' });
  assert.equal(ids.next(), '01234567-89ab-4def-8123-456789abcdef');
});
