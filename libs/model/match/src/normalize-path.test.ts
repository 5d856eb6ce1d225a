import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { normalizePath } from './normalize-path.ts';

const BOTH = { normalize: true, mergeSlashes: true };
const NORMALIZE = { normalize: true, mergeSlashes: false };

describe('path normalization', () => {
  const table: [string, string | undefined][] = [
    ['/a/b', '/a/b'],
    ['/a/./b/../c', '/a/c'],
    ['/a/..', '/'],
    ['/../../a', '/a'],
    ['/a/%2e%2E/b', '/b'],
    ['/%61%7Eb/%2F', '/a~b/%2F'],
    ['/a\\b', '/a/b'],
    ['/a//b', '/a//b'],
    ['/a?x=/../y', '/a?x=/../y'],
    ['/a/.?b', '/a/?b'],
    ['/%zz', '/%zz'],
    ['/a%', '/a%'],
    ['/a%5e^|"', '/a%5e%5E%7C%22'],
    ['/a%00', undefined],
  ];
  for (const [path, expected] of table) {
    it(`${expected === undefined ? 'refuses' : 'reads'} ${path}${expected === undefined ? '' : ` as ${expected}`}`, () => {
      assert.equal(normalizePath(path, NORMALIZE), expected);
    });
  }

  it('merges slashes only where that is asked for, and not in the query', () => {
    assert.equal(normalizePath('//a///b?c=//d', BOTH), '/a/b?c=//d');
    assert.equal(normalizePath('//', BOTH), '//');
    assert.equal(normalizePath('/a/..///?b', BOTH), '//?b');
    assert.equal(normalizePath('//a', { normalize: false, mergeSlashes: true }), '/a');
  });
});
