import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chosenMetadata } from './chosen-metadata.ts';
import { stringLabels } from './string-labels.ts';

test('labels are the texts of one object of the metadata', () => {
  assert.deepEqual(stringLabels({ labels: { app: 'web', count: 3 } }, 'labels'), { app: 'web', count: '' });
  assert.deepEqual(stringLabels({ labels: ['a'] }, 'labels'), {});
  assert.deepEqual(stringLabels(undefined, 'labels'), {});
  assert.deepEqual(stringLabels({}, 'constructor'), {});
});

test('of two sources with the same namespace the first one tells', () => {
  const request = new Map([['a', { from: 'request' }]]);
  const connection = new Map([
    ['a', { from: 'connection' }],
    ['b', { from: 'connection' }],
    ['c', {}],
  ]);
  assert.deepEqual(chosenMetadata(['a', 'b', 'none'], request, connection), {
    a: { from: 'request' },
    b: { from: 'connection' },
  });
});
