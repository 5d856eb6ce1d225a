import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { jsonScalar, plainScalar } from './yaml-scalar.ts';

describe('a plain YAML scalar', () => {
  /** What Envoy 1.40 makes of each, seen in the metadata of a node in its configuration dump. */
  const seen: readonly [string, string | number | boolean | null][] = [
    ['yes', true],
    ['y', true],
    ['On', true],
    ['OFF', false],
    ['N', false],
    ['tRue', 'tRue'],
    ['0x10', 16],
    ['010', 8],
    ['0o10', '0o10'],
    ['08', '08'],
    ['0b11', '0b11'],
    ['-5', -5],
    ['+5', 5],
    ['2147483647', 2147483647],
    ['3000000000', '3000000000'],
    ['-2147483648', -2147483648],
    ['99999999999999999999', '99999999999999999999'],
    ['0.5', '0.5'],
    ['1e3', '1e3'],
    ['1.10', '1.10'],
    ['.inf', '.inf'],
    ['1_000', '1_000'],
    ['2020-01-01', '2020-01-01'],
    ['~', null],
    ['', null],
    ['NULL', null],
    ['nUll', 'nUll'],
    ['0.25s', '0.25s'],
  ];
  for (const [text, value] of seen) {
    it(`is what Envoy takes it for: ${JSON.stringify(text)}`, () => assert.equal(plainScalar(text), value));
  }
});

describe('an unquoted word of JSON', () => {
  it('is a number, a boolean or null', () => {
    assert.deepEqual(['1', '-2.5e3', 'true', 'false', 'null'].map(jsonScalar), [1, -2500, true, false, null]);
  });

  it('is nothing else, whatever YAML takes it for', () => {
    assert.deepEqual(['yes', '0x10', '010', '+1', '.5', ''].map(jsonScalar), Array.from({ length: 6 }));
  });
});
