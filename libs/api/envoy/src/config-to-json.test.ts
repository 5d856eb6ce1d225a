import { create, fromJson, type JsonValue } from '@bufbuild/protobuf';
import { AnySchema } from '@bufbuild/protobuf/wkt';
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { configToJson } from './config-to-json.ts';
import { registry } from './registry.ts';

function dumped(typeName: string, json: JsonValue): JsonValue {
  const desc = registry().getMessage(typeName);
  assert.ok(desc !== undefined);
  return configToJson(fromJson(desc, json, { registry: registry() }));
}

const TLS = 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.';

describe('a configuration as JSON', () => {
  it('has proto names, canonical values, and Any opened with its type first', () => {
    const json = dumped('envoy.config.cluster.v3.Cluster', {
      name: 'a',
      connectTimeout: '0.25s',
      lbPolicy: 5,
      maxRequestsPerConnection: 0,
      metadata: { filterMetadata: { x: { y: [1, null, 'z'] } } },
      transportSocket: {
        name: 'tls',
        typedConfig: { '@type': `${TLS}UpstreamTlsContext`, sni: 'b', maxSessionKeys: 2 },
      },
    });
    assert.deepEqual(json, {
      name: 'a',
      connect_timeout: '0.250s',
      lb_policy: 'MAGLEV',
      max_requests_per_connection: 0,
      metadata: { filter_metadata: { x: { y: [1, null, 'z'] } } },
      transport_socket: {
        name: 'tls',
        typed_config: { '@type': `${TLS}UpstreamTlsContext`, sni: 'b', max_session_keys: 2 },
      },
    });
    const { transport_socket: socket } = json as { readonly transport_socket: { readonly typed_config: object } };
    assert.deepEqual(Object.keys(socket.typed_config), ['@type', 'sni', 'max_session_keys']);
  });

  it('shows nothing of what the API marks as sensitive, however deep', () => {
    const key = Buffer.from('secret').toString('base64');
    const json = dumped('envoy.extensions.transport_sockets.tls.v3.Secret', {
      name: 's',
      tls_certificate: {
        certificate_chain: { inline_string: 'public' },
        private_key: { inline_bytes: key },
        password: { inline_string: 'secret' },
        private_key_provider: {
          provider_name: 'p',
          typed_config: { '@type': 'type.googleapis.com/google.protobuf.Struct', value: { a: 'secret' } },
        },
      },
    });
    assert.ok(!JSON.stringify(json).includes('secret'));
    assert.ok(!JSON.stringify(json).includes(key));
    assert.deepEqual(json, {
      name: 's',
      tls_certificate: {
        certificate_chain: { inline_string: 'public' },
        private_key: { inline_bytes: 'W3JlZGFjdGVkXQ==' },
        password: { inline_string: '[redacted]' },
        private_key_provider: {
          provider_name: 'p',
          typed_config: { '@type': 'type.googleapis.com/google.protobuf.Struct', value: { a: '[redacted]' } },
        },
      },
    });
  });

  it('shows nothing of an Any that it cannot open but the type', () => {
    const typeUrl = 'type.googleapis.com/mine.Plugin';
    assert.deepEqual(configToJson(create(AnySchema, { typeUrl, value: Buffer.from('secret') })), { '@type': typeUrl });
    assert.deepEqual(configToJson(create(AnySchema)), {});
  });

  it('keeps a TypedStruct one, with secrets redacted by the type that it names', () => {
    const struct = {
      '@type': 'type.googleapis.com/xds.type.v3.TypedStruct',
      type_url: `${TLS}TlsCertificate`,
      value: { privateKey: { filename: '/secret' } },
    };
    assert.deepEqual(dumped('google.protobuf.Any', struct), {
      ...struct,
      value: { private_key: { filename: '[redacted]' } },
    });
  });

  it('writes numbers that JSON lacks as text', () => {
    assert.deepEqual(dumped('envoy.type.v3.DoubleRange', { start: '-Infinity', end: 'NaN' }), {
      start: '-Infinity',
      end: 'NaN',
    });
    assert.deepEqual(dumped('envoy.type.v3.Int64Range', { start: '-5' }), { start: '-5' });
  });
});
