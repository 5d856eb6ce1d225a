import { fromJson, type JsonValue } from '@bufbuild/protobuf';
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { DecodeContext } from './decode-context.ts';
import { formatFault } from '@weft/core-config-text';
import { loadConfig } from './load-config.ts';
import { registry } from './registry.ts';
import { reportUnsupported } from './report-unsupported.ts';
import { mergeSupport, type FieldSupport } from './support.ts';

const CLUSTER = 'envoy.config.cluster.v3.Cluster';
const TLS = 'envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext';
const NO_EFFECT = 'is known to Envoy and not implemented by Weft yet: it has no effect';
const SUPPORT: FieldSupport = {
  [CLUSTER]: ['name', 'connect_timeout', 'transport_socket', 'load_assignment', 'metadata'],
  'envoy.config.core.v3.TransportSocket': ['name', 'typed_config'],
  'envoy.config.core.v3.Metadata': ['filter_metadata'],
  'envoy.config.endpoint.v3.ClusterLoadAssignment': ['cluster_name', 'named_endpoints'],
};

function warningsOf(text: string, support = SUPPORT): string[] {
  const { message, source } = loadConfig({ text, file: 'a.yaml', typeName: CLUSTER });
  assert.ok(message !== undefined);
  const cx = new DecodeContext(source);
  reportUnsupported(message, support, cx);
  assert.deepEqual(cx.faults, []);
  return cx.warnings.map(formatFault);
}

describe('a field that is set and not implemented', () => {
  it('is warned of with its place, without what is below it', () => {
    const text = 'name: a\nconnect_timeout: 1s\nlb_policy: MAGLEV\noutlier_detection:\n  interval: 1s\n';
    assert.deepEqual(warningsOf(text), [
      `a.yaml:3:12: lb_policy: ${NO_EFFECT}`,
      `a.yaml:5:3: outlier_detection: ${NO_EFFECT}`,
    ]);
  });

  it('is not one that has its zero value, or is of a type of protobuf itself', () => {
    assert.deepEqual(warningsOf('name: a\nlb_policy: ROUND_ROBIN\nmetadata: {filter_metadata: {a: {b: 1}}}\n'), []);
  });

  it('is found in maps, and in messages that have no list', () => {
    const text = 'load_assignment:\n  cluster_name: a\n  named_endpoints:\n    x.y:\n      hostname: z\n';
    assert.deepEqual(warningsOf(text), [`a.yaml:5:17: load_assignment.named_endpoints["x.y"].hostname: ${NO_EFFECT}`]);
  });

  it('is found in an Any; an Any of a type without a list is itself one', () => {
    const text = `transport_socket: {name: tls, typed_config: {"@type": type.googleapis.com/${TLS}, sni: a}}`;
    assert.deepEqual(warningsOf(text), [`a.yaml:1:45: transport_socket.typed_config: type ${TLS} ${NO_EFFECT}`]);
    const listed = mergeSupport([SUPPORT, { [TLS]: [] }]);
    assert.deepEqual(warningsOf(text, listed), [
      `a.yaml:1:${text.indexOf('sni: a') + 6}: transport_socket.typed_config.sni: ${NO_EFFECT}`,
    ]);
    assert.deepEqual(warningsOf(text, mergeSupport([listed, { [TLS]: ['sni'] }])), []);
  });

  it('is told of once for resources from the wire, by path alone', () => {
    const desc = registry().getMessage(CLUSTER);
    assert.ok(desc !== undefined);
    const message = fromJson(desc, { name: 'a', alt_stat_name: 'b' } satisfies JsonValue);
    const cx = new DecodeContext({ file: 'cds', position: () => undefined });
    reportUnsupported(message, SUPPORT, cx);
    assert.deepEqual(cx.warnings.map(formatFault), [`cds: alt_stat_name: ${NO_EFFECT}`]);
  });
});
