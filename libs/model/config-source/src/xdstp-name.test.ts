import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { collectionOf, formatXdstp, normalizeName, parseXdstp } from './xdstp-name.ts';

const TYPE = 'envoy.config.cluster.v3.Cluster';

describe('an xdstp name', () => {
  it('has an authority, a type, an id and parameters', () => {
    const name = parseXdstp(`xdstp://some.authority/${TYPE}/foo/b%2Fr?b=2&a=%201`);
    assert.deepEqual(
      [name?.authority, name?.typeName, name?.id, [...(name?.contextParams ?? [])]],
      [
        'some.authority',
        TYPE,
        'foo/b/r',
        [
          ['b', '2'],
          ['a', ' 1'],
        ],
      ],
    );
  });

  it('may have no authority', () => {
    assert.equal(parseXdstp(`xdstp:///${TYPE}/x`)?.authority, '');
  });

  it('may say where else it is, and which entry is meant', () => {
    const text = `xdstp://a/${TYPE}/x/*#alt=xdstp://b/${TYPE}/y%23entry=z,entry=one`;
    const name = parseXdstp(text);
    assert.deepEqual(
      name?.directives.map((directive) => (directive.kind === 'alt' ? directive.name.authority : directive.entry)),
      ['b', 'one'],
    );
    assert.equal(formatXdstp(name!), text);
  });

  for (const text of [
    'a',
    'http://a/b/c',
    'xdstp://a',
    'xdstp://a/%',
    `xdstp://a/${TYPE}/x#what=1`,
    `xdstp://a/${TYPE}/x#alt=b`,
  ])
    it(`is not ${text}`, () => assert.equal(parseXdstp(text), undefined));

  it('is the same however its parameters are ordered', () => {
    assert.equal(normalizeName(`xdstp://a/${TYPE}/x?b=1&a=2#entry=x`), `xdstp://a/${TYPE}/x?a=2&b=1`);
    assert.equal(normalizeName('outbound|80||a?b=1&a=2'), 'outbound|80||a?b=1&a=2');
  });

  it('is in the collection of its folder, with the same parameters', () => {
    assert.equal(collectionOf(`xdstp://a/${TYPE}/x/y?k=v`), `xdstp://a/${TYPE}/x/*?k=v`);
    assert.equal(collectionOf(`xdstp://a/${TYPE}/y`), `xdstp://a/${TYPE}/*`);
    assert.equal(collectionOf('a'), undefined);
  });
});
