import { fromJson, type JsonValue, type Message } from '@bufbuild/protobuf';
import type { Duration, Timestamp } from '@bufbuild/protobuf/wkt';
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { BytesRules, DurationRules, StringRules, TimestampRules } from '../../gen/validate/validate_pb.js';
import { formatFault } from '@weft/core-config-text';
import { registry } from '../registry.ts';
import type { Check } from './check.ts';
import { checkBytes } from './check-bytes.ts';
import { checkOrder, orderRules, type NumberRules } from './check-order.ts';
import { checkString } from './check-string.ts';
import { checkDuration, checkTimestamp } from './check-time.ts';

function message<M extends Message>(typeName: string, json: JsonValue): M {
  const desc = registry().getMessage(typeName);
  assert.ok(desc !== undefined);
  return fromJson(desc, json, { registry: registry() }) as M;
}

/** What a check says of a value, one line for each fault. */
function said(check: Check, value: unknown): string[] {
  const lines: string[] = [];
  check(value, (text, hint) => lines.push(formatFault({ path: '', file: '', message: text, ...hint })));
  return lines;
}

function ofString(rules: JsonValue): Check {
  return checkString(message<StringRules>('validate.StringRules', rules));
}

function ofNumber(rules: JsonValue, type = 'Int64Rules'): Check {
  return checkOrder(orderRules(message<Message & NumberRules>(`validate.${type}`, rules)));
}

describe('a rule on text', () => {
  const cases: readonly [rules: JsonValue, good: readonly string[], bad: readonly string[]][] = [
    [{ const: 'a' }, ['a'], ['b', '']],
    [{ len: 2 }, ['äb', '😀😀'], ['a', 'abc']],
    [{ min_len: 1, max_len: 2 }, ['a', '😀b'], ['', 'abc']],
    [{ len_bytes: 2 }, ['ä', 'ab'], ['äb']],
    [{ min_bytes: 2, max_bytes: 3 }, ['ä', 'abc'], ['a', 'ää']],
    [{ pattern: '^[^?#]+$' }, ['a'], ['', 'a?']],
    [{ prefix: '/a' }, ['/ab'], ['a']],
    [{ suffix: '.x' }, ['a.x'], ['a.y']],
    [{ contains: '-' }, ['a-b'], ['ab']],
    [{ not_contains: '-' }, ['ab'], ['a-b']],
    [{ in: ['a', 'b'] }, ['a', 'b'], ['c']],
    [{ not_in: ['a'] }, ['b'], ['a']],
    [{ email: true }, ['a.b@c.de'], ['a', 'a@', '@b', 'a b@c']],
    [{ hostname: true }, ['a-b.c', 'A.', '1.2'], ['', '-a', 'a_b', `${'a'.repeat(64)}.b`]],
    [{ ip: true }, ['1.2.3.4', '::1'], ['1.2.3', 'a']],
    [{ ipv4: true }, ['1.2.3.4'], ['::1']],
    [{ ipv6: true }, ['::1'], ['1.2.3.4']],
    [{ uri: true }, ['http://a/b?c', 'spiffe://x'], ['/a', 'a b', '']],
    [{ uri_ref: true }, ['/a', 'b?c', 'http://a'], ['a b']],
    [{ address: true }, ['a.b', '1.2.3.4', '::1'], ['a b']],
    [{ uuid: true }, ['01234567-89ab-cdef-0123-456789ABCDEF'], ['01234567']],
    [{ well_known_regex: 'HTTP_HEADER_NAME' }, [':path', 'x-a'], ['', 'a b', 'ä']],
    [{ well_known_regex: 'HTTP_HEADER_VALUE' }, ['', 'a\tb', 'ä'], ['a\nb', '\u007f']],
    [{ well_known_regex: 'HTTP_HEADER_NAME', strict: false }, ['a b', ''], ['a\nb', '\u0000']],
    [{ min_len: 3, ignore_empty: true }, ['', 'abc'], ['a']],
  ];
  for (const [rules, good, bad] of cases) {
    it(`holds as PGV has it: ${JSON.stringify(rules)}`, () => {
      for (const text of good) assert.deepEqual(said(ofString(rules), text), [], text);
      for (const text of bad) assert.equal(said(ofString(rules), text).length, 1, text);
    });
  }

  it('says what would have been right', () => {
    assert.deepEqual(said(ofString({ min_len: 1 }), ''), ['is empty (expected at least 1 character)']);
    assert.deepEqual(said(ofString({ max_bytes: 1 }), 'ä'), ['has 2 bytes (expected at most 1 bytes)']);
    assert.deepEqual(said(ofString({ in: ['a', 'b'] }), 'c'), ['is "c" (expected one of a, b)']);
  });
});

describe('a rule on a number', () => {
  it('holds bounds, open and closed, also of 64 bits', () => {
    const closed = ofNumber({ gte: '0', lte: '9007199254740993' });
    assert.deepEqual(said(closed, 9007199254740993n), []);
    assert.deepEqual(said(closed, 9007199254740994n), [
      '9007199254740994 is out of range (expected from 0 to 9007199254740993)',
    ]);
    const open = ofNumber({ gt: 0, lt: 1 }, 'DoubleRules');
    assert.deepEqual(said(open, 0.5), []);
    assert.deepEqual(said(open, 0), ['0 is out of range (expected more than 0 and less than 1)']);
  });

  it('means the outside where the lower bound is above the upper', () => {
    const outside = ofNumber({ gt: 10, lt: 5 }, 'Int32Rules');
    assert.deepEqual(
      [4, 11].flatMap((value) => said(outside, value)),
      [],
    );
    assert.deepEqual(said(outside, 7), ['7 is out of range (expected more than 10 or less than 5)']);
  });

  it('holds constants and lists', () => {
    assert.deepEqual(said(ofNumber({ const: 5 }, 'UInt32Rules'), 6), ['is 6 (expected 5)']);
    assert.deepEqual(said(ofNumber({ in: [1, 2] }, 'UInt32Rules'), 3), ['is 3 (expected one of 1, 2)']);
    assert.deepEqual(said(ofNumber({ not_in: [1] }, 'UInt32Rules'), 1), ['is 1 (expected none of 1)']);
  });
});

describe('a rule on time', () => {
  const duration = (json: string): Duration => message<Duration>('google.protobuf.Duration', json);

  it('compares durations to the nanosecond', () => {
    const check = checkDuration(message<DurationRules>('validate.DurationRules', { gte: '0.001s', lt: '2s' }));
    assert.deepEqual(said(check, duration('0.001s')), []);
    assert.deepEqual(said(check, duration('0.000999999s')), [
      '0.000999999s is out of range (expected at least 0.001s and less than 2s)',
    ]);
    assert.deepEqual(said(check, duration('-2.5s')), [
      '-2.5s is out of range (expected at least 0.001s and less than 2s)',
    ]);
  });

  it('holds for times', () => {
    const check = checkTimestamp(message<TimestampRules>('validate.TimestampRules', { gt: '1970-01-01T00:00:00Z' }));
    const time = (json: string): Timestamp => message<Timestamp>('google.protobuf.Timestamp', json);
    assert.deepEqual(said(check, time('1970-01-01T00:00:01Z')), []);
    assert.equal(said(check, time('1969-01-01T00:00:01Z')).length, 1);
  });
});

describe('a rule on bytes', () => {
  const check = (rules: JsonValue): Check => checkBytes(message<BytesRules>('validate.BytesRules', rules));
  const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);
  const base64 = (...values: number[]): string => Buffer.from(values).toString('base64');

  it('holds lengths and contents', () => {
    assert.deepEqual(said(check({ min_len: 1 }), bytes()), ['is empty (expected at least 1 byte)']);
    const cases: readonly [rules: JsonValue, good: Uint8Array, bad: Uint8Array][] = [
      [{ len: 2 }, bytes(1, 2), bytes(1)],
      [{ max_len: 1 }, bytes(1), bytes(1, 2)],
      [{ const: base64(1) }, bytes(1), bytes(2)],
      [{ prefix: base64(1) }, bytes(1, 2), bytes(2, 1)],
      [{ suffix: base64(1) }, bytes(2, 1), bytes(1, 2)],
      [{ contains: base64(2, 3) }, bytes(1, 2, 3), bytes(2, 1, 3)],
      [{ in: [base64(1)] }, bytes(1), bytes(2)],
      [{ not_in: [base64(1)] }, bytes(2), bytes(1)],
      [{ pattern: '^a+$' }, Buffer.from('aa'), Buffer.from('b')],
      [{ ip: true }, bytes(1, 2, 3, 4), bytes(1)],
      [{ ipv6: true }, new Uint8Array(16), bytes(1, 2, 3, 4)],
      [{ min_len: 2, ignore_empty: true }, bytes(), bytes(1)],
    ];
    for (const [rules, good, bad] of cases) {
      assert.deepEqual(said(check(rules), good), [], JSON.stringify(rules));
      assert.equal(said(check(rules), bad).length, 1, JSON.stringify(rules));
    }
  });
});
