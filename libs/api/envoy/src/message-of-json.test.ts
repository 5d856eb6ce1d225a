import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fromJson, mergeFromBinary, toBinary, toJson, type DescMessage, type JsonValue } from '@bufbuild/protobuf';
import { AnySchema, type Any } from '@bufbuild/protobuf/wkt';
import { loadConfig } from './load-config.ts';
import { messageOfJson, packedIn } from './message-of-json.ts';
import { openAny } from './open-any.ts';
import { registry } from './registry.ts';

const desc = (name: string): DescMessage => registry().getMessage(name) as DescMessage;

function assertAsTheLibrary(typeName: string, json: JsonValue): void {
  const mine = messageOfJson(desc(typeName), json);
  const theirs = fromJson(desc(typeName), json, { registry: registry() });
  assert.deepEqual(toBinary(desc(typeName), mine), toBinary(desc(typeName), theirs));
  const options = { registry: registry() };
  assert.deepEqual(toJson(desc(typeName), mine, options), toJson(desc(typeName), theirs, options));
  assert.deepEqual({ ...mine }, { ...theirs });
}

describe('a message of JSON', () => {
  for (const file of globSync(join(import.meta.dirname, 'testdata/*.{yaml,json}')))
    it(`is the one that the library reads: ${file.split('/').at(-1)}`, () => {
      const typeName = 'envoy.config.bootstrap.v3.Bootstrap';
      const { json, faults } = loadConfig({ text: readFileSync(file, 'utf8'), file, typeName });
      if (faults.length === 0) assertAsTheLibrary(typeName, json as JsonValue);
    });

  const cases: readonly (readonly [what: string, typeName: string, json: JsonValue])[] = [
    [
      'wrappers, durations and numbers as text',
      'envoy.config.cluster.v3.Cluster',
      {
        name: 'a',
        connect_timeout: '0.25s',
        per_connection_buffer_limit_bytes: 7,
        dns_refresh_rate: '5s',
        lb_policy: 'RING_HASH',
        ring_hash_lb_config: { minimum_ring_size: '1024', hash_function: 'MURMUR_HASH_2' },
        metadata: { filter_metadata: { 'a.b': { x: [1, null, { y: 'z' }] } } },
      },
    ],
    [
      'a wrapper in a oneof',
      'envoy.config.route.v3.VirtualHost',
      { name: 'v', include_attempt_count_in_response: true },
    ],
    ['an enum by its number', 'envoy.config.cluster.v3.Cluster', { name: 'a', lb_policy: 2 }],
    [
      'an Any of a wrapper',
      'google.protobuf.Any',
      { '@type': 'type.googleapis.com/google.protobuf.UInt32Value', value: 3 },
    ],
    ['an Any of nothing', 'google.protobuf.Any', {}],
    [
      'an Any in an Any',
      'google.protobuf.Any',
      {
        '@type': 'type.googleapis.com/google.protobuf.Any',
        value: { '@type': 'type.googleapis.com/envoy.config.core.v3.Node', id: 'n' },
      },
    ],
    ['values of every kind', 'google.protobuf.Value', [null, 1.5, 'x', { a: true }]],
    ['bytes, and a fraction that is a number', 'envoy.config.core.v3.DataSource', { inline_bytes: 'AAEC' }],
    ['a double', 'envoy.type.v3.Percent', { value: 12.5 }],
    ['a double beyond numbers', 'envoy.type.v3.DoubleRange', { start: '-Infinity', end: 'NaN' }],
  ];
  for (const [what, typeName, json] of cases)
    it(`is the one that the library reads: ${what}`, () => assertAsTheLibrary(typeName, json));

  it('has in its Any fields the very messages that were read, and their octets', () => {
    const node = { '@type': 'type.googleapis.com/envoy.config.core.v3.Node', id: 'n' };
    const any = messageOfJson(desc('google.protobuf.Any'), node) as Any;
    const opened = openAny(any);
    assert.equal(opened.kind === 'message' && opened.message, packedIn(any));
    const encoded = openAny({ ...any });
    assert.deepEqual(encoded, opened);
  });

  it('gives way in an Any to what is merged over it', () => {
    const any = (id: string): Any =>
      messageOfJson(desc('google.protobuf.Any'), {
        '@type': 'type.googleapis.com/envoy.config.core.v3.Node',
        id,
      }) as Any;
    const target = any('first');
    mergeFromBinary(AnySchema, target, toBinary(AnySchema, any('second')));
    const opened = openAny(target);
    assert.equal(opened.kind === 'message' && (opened.message as unknown as { readonly id: string }).id, 'second');
  });

  it('is refused where the JSON does not fit', () => {
    for (const [typeName, json] of [
      ['envoy.config.core.v3.Node', { no_such: 1 }],
      ['envoy.config.core.v3.Node', 'text'],
      ['envoy.config.core.v3.Node', { id: 5 }],
      ['envoy.config.cluster.v3.Cluster', { lb_policy: 'NO_SUCH' }],
      ['google.protobuf.Any', { '@type': 'type.googleapis.com/no.such.Type' }],
      ['envoy.type.v3.Percent', { value: 'x' }],
    ] as const)
      assert.throws(() => messageOfJson(desc(typeName), json), JSON.stringify(json));
  });
});
