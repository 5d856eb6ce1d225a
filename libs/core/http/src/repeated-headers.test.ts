import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FieldJoiner, JOINED_REQUEST_HEADERS, JOINED_RESPONSE_HEADERS } from './repeated-headers.ts';

function collect(joiner: FieldJoiner, fields: readonly string[]): string[] {
  const raw: string[] = [];
  joiner.begin();
  for (let i = 0; i < fields.length; i += 2) joiner.add(raw, fields[i] as string, fields[i + 1] as string);
  return raw;
}

test('Repeated fields of known lists are one field, at the place of the first', () => {
  const joiner = new FieldJoiner(JOINED_REQUEST_HEADERS);
  const fields = ['accept', 'a', 'x-b', '1', 'accept', 'b', 'x-b', '2', 'accept', 'c'];
  assert.deepEqual(collect(joiner, fields), ['accept', 'a,b,c', 'x-b', '1', 'x-b', '2']);
  assert.deepEqual(collect(joiner, ['accept', 'd']), ['accept', 'd']);
});

test('Every name of the lists is joined, whatever stands between', () => {
  for (const names of [JOINED_REQUEST_HEADERS, JOINED_RESPONSE_HEADERS]) {
    const all = [...names];
    const once = all.flatMap((name) => [name, '1']);
    const joined = all.flatMap((name) => [name, '1,1']);
    assert.deepEqual(collect(new FieldJoiner(names), [...once, ...once]), joined);
  }
});

test('Requests and responses differ, and cookies are never joined', () => {
  const twice = ['server', 'a', 'server', 'b', 'set-cookie', 'c', 'set-cookie', 'd'];
  assert.deepEqual(collect(new FieldJoiner(JOINED_REQUEST_HEADERS), twice), twice);
  assert.deepEqual(collect(new FieldJoiner(JOINED_RESPONSE_HEADERS), twice), ['server', 'a,b', ...twice.slice(4)]);
});

test('A field without a value adds nothing', () => {
  const joiner = new FieldJoiner(JOINED_REQUEST_HEADERS);
  assert.deepEqual(collect(joiner, ['via', '', 'via', 'a', 'via', '']), ['via', 'a']);
});
