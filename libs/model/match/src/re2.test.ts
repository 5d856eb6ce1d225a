import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Re2, compileRe2, parseSubstitution } from './re2.ts';

test('a pattern matches the whole text, whether or not it is anchored', () => {
  const rows: [pattern: string, text: string, expected: boolean][] = [
    ['a', 'a', true],
    ['a', 'ab', false],
    ['a|ab', 'ab', true],
    ['^a$', 'a', true],
    ['(?i)abc', 'ABC', true],
    ['/v[0-9]+/.*', '/v12/', true],
    ['\\d{3}', '1234', false],
    ['(?P<name>x)y', 'xy', true],
    ['.*', 'a\nb', false],
    ['[[:alpha:]]+', 'abc', true],
  ];
  for (const [pattern, text, expected] of rows) assert.equal(new Re2(pattern).matches(text), expected, pattern);
});

test('what RE2 does not have is refused with a reason', () => {
  for (const pattern of ['(?=a)', '(?<!a)b', '(a)\\1', 'a{1001}', '(', '*']) {
    const compiled = compileRe2(pattern);
    assert.ok('fault' in compiled && compiled.fault !== '', pattern);
  }
});

test('the time a match takes grows with the text only, however nasty the pattern', () => {
  const nasty = new Re2('(a+)+(a|aa)*b');
  // A backtracking engine would need 2^10000 steps.
  assert.equal(nasty.matches('a'.repeat(10_000)), false);
});

test('a substitution takes groups by number', () => {
  const re = new Re2('^/service/([^/]+)(/.*)$');
  const substitution = parseSubstitution('\\2/instance/\\1', re.groups);
  assert.ok(substitution);
  assert.equal(re.replaceAll('/service/foo/v1/api', substitution), '/v1/api/instance/foo');
  assert.equal(new Re2('o').replaceAll('foo', ['0']), 'f00');
  assert.equal(new Re2('x').replaceAll('foo', ['0']), 'foo');
  assert.deepEqual(parseSubstitution('a\\\\$1', 1), ['a\\$1']);
});

test('a substitution with a group that is not there is refused', () => {
  assert.equal(parseSubstitution('\\2', 1), undefined);
  assert.equal(parseSubstitution('\\x', 1), undefined);
  assert.equal(parseSubstitution('end\\', 1), undefined);
});
