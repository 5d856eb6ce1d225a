import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fromJson, type JsonValue } from '@bufbuild/protobuf';
import { DecodeContext, registry, sourceNamed } from '@weft/api-envoy';
import { ROUTER_TYPE, decodeRouter } from './config.decode.ts';

function decode(json: JsonValue): { config: ReturnType<typeof decodeRouter>; faults: string[] } {
  const schema = registry().getMessage(ROUTER_TYPE);
  assert.ok(schema);
  const cx = new DecodeContext(sourceNamed(''));
  const config = decodeRouter(fromJson(schema, json), cx);
  return { config, faults: cx.faults.map(({ path }) => path) };
}

test('an empty router has the defaults of Envoy', () => {
  assert.deepEqual(decode({}).config, {
    dynamicStats: true,
    suppressEnvoyHeaders: false,
    respectExpectedRqTimeout: false,
    strictCheckHeaders: [],
  });
});

test('a header that cannot be checked is a fault', () => {
  const { config, faults } = decode({ strict_check_headers: ['x-envoy-max-retries', 'cookie'] });
  assert.equal(config, undefined);
  assert.deepEqual(faults, ['strict_check_headers[1]']);
});
