import assert from 'node:assert/strict';
import { test } from 'node:test';
import { toYaml } from './yaml.ts';

test('maps and lists are written in block style', () => {
  const text = toYaml({ a: { b: [{ c: 1, d: ['x'] }, 'z'], e: true }, f: null });
  assert.equal(text, 'a:\n  b:\n  - c: 1\n    d:\n    - x\n  - z\n  e: true\nf: null\n');
});

test('a key without a value is left out, an empty map and an empty list are not', () => {
  assert.equal(toYaml({ a: undefined, b: {}, c: [] }), 'b: {}\nc: []\n');
});

for (const text of [
  'on',
  'No',
  'null',
  '1s',
  '127.0.0.1',
  '*',
  '',
  ' a',
  'a: b',
  '#x',
  '- a',
  '@type',
  '^(.*?;)?$',
  '~',
  'a"b\\',
])
  test(`the text ${JSON.stringify(text)} is quoted, because it would be something else without`, () => {
    assert.equal(toYaml({ a: text }), `a: ${JSON.stringify(text)}\n`);
  });

for (const text of ['videos-api', '/home/', 'type.googleapis.com/envoy.config.cluster.v3.Cluster', 'STRICT_DNS'])
  test(`the text ${text} is not`, () => assert.equal(toYaml({ a: text }), `a: ${text}\n`));
