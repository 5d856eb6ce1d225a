import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stringifyLikeGo, stringsFromJson } from './go-json.ts';

test('characters that matter to HTML are escaped in text and keys stay in order', () => {
  assert.equal(stringifyLikeGo({ b: '<a&b>', a: ['\u2028'] }), '{"b":"\\u003ca\\u0026b\\u003e","a":["\\u2028"]}');
});

test('half a surrogate pair becomes the replacement character', () => {
  assert.equal(stringifyLikeGo('\ud800x'), '"\ufffdx"');
});

test('a struct is filled from names in any case, and what is missing or null is empty', () => {
  assert.deepEqual(stringsFromJson({ ID: '1', Title: null, extra: 7 }, ['id', 'title', 'url']), {
    id: '1',
    title: '',
    url: '',
  });
  assert.deepEqual(stringsFromJson({}, ['id']), { id: '' });
  assert.deepEqual(stringsFromJson(null, ['id']), { id: '' });
});

for (const value of [[], 'text', 7, { id: 7 }, { id: ['1'] }]) {
  test(`${JSON.stringify(value)} does not fit a struct of strings`, () => {
    assert.throws(() => stringsFromJson(value, ['id']), TypeError);
  });
}
