import assert from 'node:assert/strict';
import { test } from 'node:test';
import { create, fromJson } from '@bufbuild/protobuf';
import { DecodeContext, registry, sourceNamed } from '@weft/api-envoy';
import type { HeaderMatcher as Message } from '@weft/api-envoy/gen/envoy/config/route/v3/route_components_pb';
import { RequestHeaderMap } from '@weft/core-http';
import { decodeHeaderMatcher } from './header-matcher.decode.ts';
import { anyContains } from './cidr.ts';
import { decodeCidr } from './cidr.decode.ts';
import { firstQueryValue } from './query-parameter-matcher.ts';

function matches(matcher: object, value: string | undefined): boolean {
  const schema = registry().getMessage('envoy.config.route.v3.HeaderMatcher');
  assert.ok(schema);
  const message = fromJson(schema, { name: 'X-Test', ...matcher }) as Message;
  const cx = new DecodeContext(sourceNamed(''));
  const decoded = decodeHeaderMatcher(message, cx);
  assert.deepEqual(cx.faults, []);
  return decoded?.matches(new RequestHeaderMap('GET', '/', 'a', value === undefined ? [] : ['x-test', value])) ?? false;
}

test('each kind of header matcher means what it means in Envoy', () => {
  const rows: [matcher: object, value: string | undefined, expected: boolean][] = [
    [{ exact_match: 'a' }, 'a', true],
    [{ exact_match: 'a' }, undefined, false],
    [{ prefix_match: 'ab' }, 'abc', true],
    [{ suffix_match: 'bc' }, 'abc', true],
    [{ contains_match: 'b' }, 'abc', true],
    [{ safe_regex_match: { regex: 'b' } }, 'abc', false],
    [{ string_match: { exact: 'ABC', ignore_case: true } }, 'abc', true],
    [{ string_match: { safe_regex: { regex: 'A.C' } } }, 'ABC', true],
    [{ range_match: { start: -10, end: 0 } }, '-1', true],
    [{ range_match: { start: -10, end: 0 } }, '0', false],
    [{ range_match: { start: 0, end: 10 } }, 'somestring', false],
    [{ range_match: { start: 0, end: 10 } }, '10.9', false],
    [{ present_match: true }, '', true],
    [{ present_match: true }, undefined, false],
    [{ present_match: false }, undefined, true],
    [{ present_match: false }, 'a', false],
    [{}, 'a', true],
    [{ invert_match: true, exact_match: 'a' }, 'b', true],
    [{ invert_match: true, exact_match: 'a' }, undefined, false],
    [{ invert_match: true, present_match: true }, undefined, true],
    [{ invert_match: true, present_match: true }, 'a', false],
    [{ treat_missing_header_as_empty: true, exact_match: '' }, undefined, true],
    [{ treat_missing_header_as_empty: true, invert_match: true, exact_match: 'a' }, undefined, true],
  ];
  for (const [matcher, value, expected] of rows)
    assert.equal(matches(matcher, value), expected, `${JSON.stringify(matcher)} on ${value}`);
});

test('several values of one header are looked at as one, with commas', () => {
  const schema = registry().getMessage('envoy.config.route.v3.HeaderMatcher');
  assert.ok(schema);
  const message = fromJson(schema, { name: 'x', exact_match: 'a,b' }) as Message;
  const decoded = decodeHeaderMatcher(message, new DecodeContext(sourceNamed('')));
  assert.ok(decoded?.matches(new RequestHeaderMap('GET', '/', 'a', ['x', 'a', 'y', '-', 'x', 'b'])));
});

test('a query parameter is found by its whole name, as it was sent', () => {
  assert.equal(firstQueryValue('/?ab=1&a=2&a=3', 'a'), '2');
  assert.equal(firstQueryValue('/?a', 'a'), '');
  assert.equal(firstQueryValue('/?b=a=1', 'a'), undefined);
  assert.equal(firstQueryValue('/a=1', 'a'), undefined);
  assert.equal(firstQueryValue('/?a=%20', 'a'), '%20');
  assert.equal(firstQueryValue('/?', 'a'), undefined);
});

test('address ranges know IPv4 and IPv6, and refuse what is neither', () => {
  const schema = registry().getMessage('envoy.config.core.v3.CidrRange');
  assert.ok(schema);
  const range = (addressPrefix: string, prefixLen: number) => {
    const message = create(schema, { addressPrefix, prefixLen } as never);
    return decodeCidr(message as never, new DecodeContext(sourceNamed('')));
  };
  const ranges = [range('10.0.0.0', 8), range('192.168.4.0', 22), range('fd00::', 9), range('1.2.3.4', 32)].flatMap(
    (r) => r ?? [],
  );
  for (const address of ['10.255.0.1', '192.168.7.255', 'fd7f::1', '1.2.3.4'])
    assert.ok(anyContains(ranges, address), address);
  for (const address of ['11.0.0.1', '192.168.8.0', 'fd80::1', '1.2.3.5', '::ffff:10.0.0.1', 'host', ''])
    assert.equal(anyContains(ranges, address), false, address);
  assert.equal(range('10.0.0', 8), undefined);
  assert.equal(range('10.0.0.0', 33), undefined);
});

test('text of a configuration matches the bytes of a header', () => {
  const bytes = Buffer.from('straße').toString('latin1');
  assert.ok(matches({ exact_match: 'straße' }, bytes));
  assert.ok(matches({ string_match: { contains: 'ß' } }, bytes));
});
