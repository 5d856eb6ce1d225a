import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { PROXY_PROTOCOL_STATE, PROXY_PROTOCOL_TLVS } from '@weft/proxy-filter-api';
import { bytewise, createFilterWorld, feed } from '../accepted.testing.ts';
import type { ProxyProtocolConfig } from './config.decode.ts';
import { proxyProtocolFactory } from './proxy-protocol.ts';

const DEFAULT_CONFIG: ProxyProtocolConfig = {
  rules: [],
  allowWithout: false,
  passThrough: new Set(),
  disallowed: { v1: false, v2: false },
  statPrefix: '',
  location: 'metadata',
};

const V1 = Buffer.from('PROXY TCP4 1.2.3.4 5.6.7.8 8080 443\r\nhello');
const TLVS = '0200036162630a0002fffe';
const V2 = Buffer.from(
  `0d0a0d0a000d0a515549540a2111${(12 + TLVS.length / 2).toString(16).padStart(4, '0')}01020304050607081f9001bb${TLVS}`,
  'hex',
);
const rule = { namespace: 'n', encoding: 'utf8' } as const;

const world = (config: Partial<ProxyProtocolConfig> = {}) =>
  createFilterWorld(proxyProtocolFactory, { ...DEFAULT_CONFIG, ...config });

describe('proxy_protocol', () => {
  it('restores both addresses and takes the header away, however it is cut', () => {
    for (const pieces of [[V1], bytewise(V1)]) {
      const { prepared, count } = world();
      const { connection, passed } = feed((cx) => prepared.create(cx), ...pieces);
      assert.ok(passed);
      assert.equal(connection.remoteAddress.text, '1.2.3.4:8080');
      assert.equal(connection.localAddress.text, '5.6.7.8:443');
      assert.ok(connection.localAddressRestored);
      assert.equal(connection.bytes.toString(), pieces.length === 1 ? 'hello' : '');
      assert.equal(count('proxy_proto.versions.v1.found'), 1);
    }
  });

  it('keeps TLVs where rules say, and those to pass on', () => {
    const rules = [
      { ...rule, tlvType: 2, key: 'name' },
      { ...rule, tlvType: 10, key: 'raw', encoding: 'base64' as const },
    ];
    const { connection } = feed((cx) => world({ rules, passThrough: new Set([2]) }).prepared.create(cx), V2);
    assert.deepEqual(connection.metadata.get('n'), { name: 'abc', raw: '//4=' });
    assert.deepEqual(connection.filterState.get(PROXY_PROTOCOL_STATE)?.tlvs, [{ type: 2, value: Buffer.from('abc') }]);
    const inState = feed((cx) => world({ rules, location: 'filter-state' }).prepared.create(cx), V2).connection;
    assert.deepEqual(inState.filterState.get(PROXY_PROTOCOL_TLVS), { name: 'abc', raw: '//4=' });
    const sanitized = [{ ...rule, tlvType: 10, key: 'raw' }];
    const { connection: other } = feed((cx) => world({ rules: sanitized }).prepared.create(cx), V2);
    assert.deepEqual(other.metadata.get('n'), { raw: '!!' });
  });

  it('refuses connections without a header, unless they are allowed', () => {
    const plain = Buffer.from('GET / HTTP/1.1\r\n');
    const strict = world({ statPrefix: 's' });
    assert.match(feed((cx) => strict.prepared.create(cx), plain).connection.closed ?? '', /no PROXY header/);
    assert.equal(strict.count('proxy_proto.s.not_found_disallowed'), 1);
    assert.equal(strict.count('downstream_cx_proxy_proto_error'), 1);
    const lenient = world({ allowWithout: true });
    const { connection, passed } = feed((cx) => lenient.prepared.create(cx), plain);
    assert.ok(passed);
    assert.deepEqual(connection.bytes, plain);
    assert.equal(lenient.count('proxy_proto.not_found_allowed'), 1);
  });

  it('refuses versions that are disallowed; where headers are optional, they are no headers', () => {
    const disallowed = { v1: true, v2: false };
    const strict = world({ disallowed });
    assert.match(feed((cx) => strict.prepared.create(cx), V1).connection.closed ?? '', /v1 is disallowed/);
    assert.equal(strict.count('proxy_proto.versions.v1.disallowed'), 1);
    const lenient = world({ disallowed, allowWithout: true });
    const { connection, passed } = feed((cx) => lenient.prepared.create(cx), V1);
    assert.ok(passed);
    assert.deepEqual(connection.bytes, V1);
  });

  it('refuses headers that cannot be read', () => {
    const { prepared, count } = world();
    const { connection } = feed((cx) => prepared.create(cx), Buffer.from('PROXY SCTP\r\n'));
    assert.match(connection.closed ?? '', /cannot be read/);
    assert.equal(count('proxy_proto.versions.v1.error'), 1);
    assert.equal(count('downstream_cx_proxy_proto_error'), 1);
  });

  it('leaves the addresses alone where the header has none', () => {
    const { prepared } = world();
    const { connection, passed } = feed((cx) => prepared.create(cx), Buffer.from('PROXY UNKNOWN\r\nx'));
    assert.ok(passed);
    assert.equal(connection.remoteAddress, connection.directRemoteAddress);
    assert.equal(connection.bytes.toString(), 'x');
  });
});
