import { create } from '@bufbuild/protobuf';
import { AnySchema, anyPack, DurationSchema, type Any } from '@bufbuild/protobuf/wkt';
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { DecodeContext } from './decode-context.ts';
import { sourceNamed } from './source-map.ts';
import { formatFault } from '@weft/core-config-text';
import { loadConfig } from './load-config.ts';

function context(): DecodeContext {
  return new DecodeContext(sourceNamed('cds'));
}

function typedConfig(config: object): Any {
  const text = JSON.stringify({ name: 'a', typed_config: config });
  const { message } = loadConfig({ text, file: 'a.json', typeName: 'envoy.config.core.v3.TypedExtensionConfig' });
  const { typedConfig: any } = message as unknown as { readonly typedConfig: Any };
  return any;
}

describe('a decoding context', () => {
  it('tells faults by the path that was gone', () => {
    const cx = context();
    cx.at('clusters', 2, 'metadata', 'a.b').error('is wrong', { expected: 'better' });
    assert.deepEqual(cx.faults.map(formatFault), ['cds: clusters[2].metadata["a.b"]: is wrong (expected better)']);
  });

  it('opens an Any of the type that is asked for', () => {
    const cx = context();
    const any = anyPack(DurationSchema, create(DurationSchema, { seconds: 5n }));
    assert.equal(cx.unpack(any, 'google.protobuf.Duration')?.$typeName, 'google.protobuf.Duration');
    assert.equal(cx.unpack(any, 'google.protobuf.Any'), undefined);
    assert.deepEqual(cx.faults.map(formatFault), [
      'cds: has type "google.protobuf.Duration" (expected google.protobuf.Any)',
    ]);
  });

  it('opens a TypedStruct as the message that it stands for', () => {
    const cx = context();
    const struct = (value: object): Any =>
      typedConfig({
        '@type': 'type.googleapis.com/xds.type.v3.TypedStruct',
        type_url: 'type.googleapis.com/envoy.config.core.v3.Address',
        value,
      });
    const address = cx.unpack(
      struct({ socket_address: { address: 'a', port_value: 80, protocol: 'tcp' } }),
      'envoy.config.core.v3.Address',
    );
    assert.equal(address?.$typeName, 'envoy.config.core.v3.Address');
    assert.deepEqual(cx.faults, []);
  });

  it('says why an Any cannot be opened', () => {
    const cx = context();
    const url = 'type.googleapis.com/';
    cx.unpack(undefined, 'x.Y');
    cx.unpack(create(AnySchema, { typeUrl: `${url}envoy.config.core.v3.Nod` }));
    cx.unpack(create(AnySchema, { typeUrl: `${url}google.protobuf.Duration`, value: Uint8Array.of(255) }));
    const [missing, unknown, broken] = cx.faults.map(formatFault);
    assert.equal(missing, 'cds: is missing (expected x.Y)');
    assert.equal(unknown, 'cds: unknown type "envoy.config.core.v3.Nod"; did you mean "envoy.config.core.v3.Node"?');
    assert.match(broken ?? '', /^cds: cannot be read: .* \(as google\.protobuf\.Duration\)$/);
  });
});

it('what comes later is a fault for a proxy that is to serve, and a warning for one that only judges', () => {
  const serving = new DecodeContext(sourceNamed('a.yaml'));
  serving.at('filter').later('the filter x', { expected: 'y' });
  assert.equal(serving.faults[0]?.message, 'the filter x is known to Envoy and not implemented by Weft yet');
  assert.equal(serving.faults[0]?.expected, 'y');
  const judging = new DecodeContext(sourceNamed('a.yaml'), { faults: [], warnings: [], judging: true });
  judging.at('filter').later('');
  assert.deepEqual(judging.faults, []);
  assert.match(judging.warnings[0]?.message ?? '', /^is known to Envoy .* it comes later/);
  assert.equal(judging.warnings[0]?.path, 'filter');
  judging.at('other').warn('type x is known to Envoy and not implemented by Weft yet: it has no effect');
  judging.at('other').later('x');
  assert.equal(judging.warnings.length, 2, 'told once');
});
