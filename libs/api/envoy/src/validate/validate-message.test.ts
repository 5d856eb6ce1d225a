import {
  fromJson,
  getExtension,
  hasExtension,
  toJson,
  type DescExtension,
  type JsonValue,
  type Message,
} from '@bufbuild/protobuf';
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { DecodeContext } from '../decode-context.ts';
import { sourceNamed } from '../source-map.ts';
import { formatFault } from '@weft/core-config-text';
import { registry } from '../registry.ts';
import { rulesOf } from './compile-rules.ts';
import { validateMessage } from './validate-message.ts';

function faultsOf(typeName: string, json: JsonValue): string[] {
  const desc = registry().getMessage(typeName);
  assert.ok(desc !== undefined);
  const cx = new DecodeContext(sourceNamed('cds'));
  validateMessage(fromJson(desc, json, { registry: registry() }), cx);
  return cx.faults.map((fault) => formatFault(fault).replace('cds: ', ''));
}

const ACTION = 'envoy.config.route.v3.RouteAction';

describe('the rules of the API', () => {
  it('hold for fields, elements, keys and values, and in messages below', () => {
    assert.deepEqual(
      faultsOf('envoy.config.route.v3.VirtualHost', {
        name: 'a',
        domains: ['*'],
        request_headers_to_remove: ['a', 'b\nc'],
      }),
      ['request_headers_to_remove[1]: is "b\\nc" (expected a header name)'],
    );
    assert.deepEqual(faultsOf('envoy.config.route.v3.VirtualHost', { name: '' }), [
      'name: is empty (expected at least 1 character)',
      'domains: is empty (expected at least 1)',
    ]);
    assert.deepEqual(faultsOf('envoy.config.core.v3.Metadata', { filter_metadata: { '': {} } }), [
      'filter_metadata[""]: is empty (expected at least 1 character)',
    ]);
    assert.deepEqual(
      faultsOf('envoy.config.endpoint.v3.ClusterLoadAssignment', {
        cluster_name: 'a',
        named_endpoints: { x: { health_check_config: { port_value: 70000 } } },
      }),
      ['named_endpoints.x.health_check_config.port_value: 70000 is out of range (expected at most 65535)'],
    );
  });

  it('ask for messages and for one member of a oneof, but not for members of a oneof that has another', () => {
    assert.deepEqual(faultsOf('envoy.config.route.v3.Route', { route: { cluster: 'a' } }), [
      'match: is missing (expected envoy.config.route.v3.RouteMatch)',
    ]);
    assert.deepEqual(faultsOf(ACTION, {}), [
      'has no cluster_specifier (expected one of cluster, cluster_header, weighted_clusters, cluster_specifier_plugin, inline_cluster_specifier_plugin)',
    ]);
    assert.deepEqual(faultsOf(ACTION, { cluster: 'a' }), []);
  });

  it('count wrappers by their values, and leave alone those that are not set', () => {
    const check = { timeout: '1s', interval: '1s', healthy_threshold: 1, tcp_health_check: {} };
    assert.deepEqual(faultsOf('envoy.config.core.v3.HealthCheck', { ...check, unhealthy_threshold: 2 }), []);
    assert.deepEqual(faultsOf('envoy.config.core.v3.HealthCheck', check), [
      'unhealthy_threshold: is missing (expected google.protobuf.UInt32Value)',
    ]);
    assert.deepEqual(faultsOf('envoy.config.core.v3.CidrRange', { address_prefix: 'a', prefix_len: 200 }), [
      'prefix_len: 200 is out of range (expected at most 128)',
    ]);
  });

  it('know enums by name, and numbers that are none', () => {
    assert.deepEqual(faultsOf('envoy.config.core.v3.SocketAddress', { address: 'a', port_value: 1, protocol: 7 }), [
      'protocol: 7 is no value of envoy.config.core.v3.SocketAddress.Protocol (expected one of TCP, UDP)',
    ]);
  });

  it('refuse what Envoy does not take any more', () => {
    const zipkin = { collector_cluster: 'a', collector_endpoint: '/' };
    assert.deepEqual(faultsOf('envoy.config.trace.v3.ZipkinConfig', zipkin), [
      'collector_endpoint_version: is DEPRECATED_AND_UNAVAILABLE_DO_NOT_USE, as it is if nothing is said (expected one of HTTP_JSON, HTTP_PROTO, GRPC)',
    ]);
    assert.deepEqual(
      faultsOf('envoy.config.trace.v3.ZipkinConfig', { ...zipkin, collector_endpoint_version: 'HTTP_JSON' }),
      [],
    );
  });

  it('hold inside Any, and in the body of a TypedStruct', () => {
    const extension = 'envoy.config.core.v3.TypedExtensionConfig';
    const address = { pipe: { path: '' } };
    const type = 'type.googleapis.com/envoy.config.core.v3.Address';
    const fault = 'typed_config.pipe.path: is empty (expected at least 1 character)';
    assert.deepEqual(faultsOf(extension, { name: 'a', typed_config: { '@type': type, ...address } }), [fault]);
    const struct = { '@type': 'type.googleapis.com/xds.type.v3.TypedStruct', type_url: type, value: address };
    assert.deepEqual(faultsOf(extension, { name: 'a', typed_config: struct }), [fault]);
    assert.deepEqual(faultsOf(extension, { name: 'a' }), ['typed_config: is missing (expected google.protobuf.Any)']);
  });

  it('compile for every message, and none is of a kind that the validator lacks', () => {
    const extension = registry().getExtension('validate.rules') as DescExtension;
    const desc = registry().getMessage('validate.FieldRules');
    assert.ok(desc !== undefined);
    const needClock: string[] = [];
    for (const type of registry()) {
      if (type.kind !== 'message') continue;
      assert.ok(rulesOf(type).fields.length <= type.fields.length);
      for (const { proto, name } of type.fields) {
        if (proto.options === undefined || !hasExtension(proto.options, extension)) continue;
        const rules = JSON.stringify(toJson(desc, getExtension(proto.options, extension) as Message));
        if (/"(?:ltNow|gtNow|within|noSparse)"/.test(rules)) needClock.push(`${type.typeName}.${name}`);
      }
    }
    assert.deepEqual(needClock, []);
  });
});
