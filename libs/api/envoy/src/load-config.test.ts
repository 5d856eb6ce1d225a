import { toJson } from '@bufbuild/protobuf';
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { formatFault } from '@weft/core-config-text';
import { loadConfig, type LoadedConfig } from './load-config.ts';
import { registry } from './registry.ts';

const BOOTSTRAP = 'envoy.config.bootstrap.v3.Bootstrap';
const CLUSTER = 'envoy.config.cluster.v3.Cluster';

function load(text: string, typeName = BOOTSTRAP, file = 'a.yaml'): LoadedConfig {
  return loadConfig({ text, file, typeName });
}

/** The protobuf JSON of the message that a text is. */
function jsonOf(text: string, typeName = BOOTSTRAP, file = 'a.yaml'): unknown {
  const { message, faults } = load(text, typeName, file);
  assert.deepEqual(faults.map(formatFault), []);
  assert.ok(message !== undefined);
  const desc = registry().getMessage(typeName);
  assert.ok(desc !== undefined);
  return toJson(desc, message, { registry: registry(), useProtoFieldName: true });
}

function faultsOf(text: string, typeName = BOOTSTRAP, file = 'a.yaml'): string[] {
  return load(text, typeName, file).faults.map(formatFault);
}

describe('a configuration', () => {
  it('may spell fields both ways, and enums in any case, by number, or with dashes', () => {
    const json = jsonOf(
      '{name: a, lb_policy: round_robin, connectTimeout: 0.25s, type: strict-dns, dnsLookupFamily: 1}',
      CLUSTER,
    );
    assert.deepEqual(json, { name: 'a', type: 'STRICT_DNS', connect_timeout: '0.250s', dns_lookup_family: 'V4_ONLY' });
  });

  it('may write durations in seconds or in the fields of their message, and wrappers in two ways', () => {
    const json = jsonOf(
      '{connect_timeout: {seconds: 1, nanos: 5}, dns_refresh_rate: -1.5s, track_cluster_stats: {}, max_requests_per_connection: {value: 3}, per_connection_buffer_limit_bytes: {}}',
      CLUSTER,
    );
    assert.deepEqual(json, {
      connect_timeout: '1.000000005s',
      dns_refresh_rate: '-1.500s',
      track_cluster_stats: {},
      max_requests_per_connection: 3,
      per_connection_buffer_limit_bytes: 0,
    });
  });

  it('may write whole numbers as text, with a fraction of zero or with an exponent', () => {
    const ports = ['80', '"80"', '80.0', '8e1', '0x50'].map(
      (port) => `{socket_address: {address: a, port_value: ${port}}}`,
    );
    for (const address of ports) {
      assert.deepEqual(jsonOf(address, 'envoy.config.core.v3.Address'), {
        socket_address: { address: 'a', port_value: 80 },
      });
    }
    const large = jsonOf('{numerator: 5, denominator: MILLION}', 'envoy.type.v3.FractionalPercent');
    assert.deepEqual(large, { numerator: 5, denominator: 'MILLION' });
    assert.deepEqual(jsonOf('{start: -9007199254740993, end: "9223372036854775807"}', 'envoy.type.v3.Int64Range'), {
      start: '-9007199254740993',
      end: '9223372036854775807',
    });
  });

  it('may give a list of one as its element, and null for what is not set', () => {
    assert.deepEqual(jsonOf('static_resources: {clusters: {name: a}, listeners: null}\nadmin: ~\n'), {
      static_resources: { clusters: [{ name: 'a' }] },
    });
  });

  it('may hold any values in a Struct, with fractions as text as Envoy reads YAML', () => {
    const json = jsonOf('node: {metadata: {a: 1, b: yes, c: [~, x, {d: 0.5}], e: "yes"}}');
    assert.deepEqual(json, { node: { metadata: { a: 1, b: true, c: [null, 'x', { d: '0.5' }], e: 'yes' } } });
    const same = jsonOf('{"node": {"metadata": {"a": 0.5, "b": 3000000000}}}', BOOTSTRAP, 'a.json');
    assert.deepEqual(same, { node: { metadata: { a: 0.5, b: 3_000_000_000 } } });
  });

  it('may use anchors, merge keys, and the tag that hides a key', () => {
    const text =
      '!ignore base: &base {connect_timeout: 1s, lb_policy: RANDOM}\nstatic_resources:\n  clusters:\n  - {<<: *base, name: a, lb_policy: MAGLEV}\n';
    assert.deepEqual(jsonOf(text), {
      static_resources: { clusters: [{ connect_timeout: '1s', name: 'a', lb_policy: 'MAGLEV' }] },
    });
    assert.deepEqual(faultsOf('node: {<<: *other}'), [
      'a.yaml:1:12: node["<<"]: unknown alias "*other" (expected "&other" on a value before it)',
    ]);
    assert.deepEqual(jsonOf('!ignore node: 5\nheader_prefix: x\n'), { header_prefix: 'x' });
  });

  it('may hold bytes in both alphabets of base64, with or without padding', () => {
    for (const text of ['-_8=', '+/8', '-_8']) {
      assert.deepEqual(jsonOf(`inline_bytes: "${text}"`, 'envoy.config.core.v3.DataSource'), { inline_bytes: '+/8=' });
    }
    assert.match(faultsOf('inline_bytes: "?"', 'envoy.config.core.v3.DataSource')[0] ?? '', /"\?" is not bytes/);
  });

  it('may hold messages in messages of any type, those with a JSON of their own below "value"', () => {
    const any = (value: object): string => JSON.stringify({ name: 'a', typed_config: value });
    const extension = 'envoy.config.core.v3.TypedExtensionConfig';
    const nested = {
      '@type': `type.googleapis.com/${extension}`,
      name: 'b',
      typed_config: { '@type': 'type.googleapis.com/google.protobuf.Duration', value: '5s' },
    };
    assert.deepEqual(jsonOf(any(nested), extension), { name: 'a', typed_config: nested });
    const wrong = any({ '@type': 'type.googleapis.com/google.protobuf.Duration', seconds: 5 });
    assert.deepEqual(faultsOf(wrong, extension), [
      'a.yaml:1:84: typed_config.seconds: unknown field "seconds" (expected "value", the google.protobuf.Duration)',
    ]);
  });

  it('may hold a TypedStruct, whose body is read as the type it names', () => {
    const extension = 'envoy.config.core.v3.TypedExtensionConfig';
    for (const type of ['udpa.type.v1.TypedStruct', 'xds.type.v3.TypedStruct']) {
      const typed_config = {
        '@type': `type.googleapis.com/${type}`,
        type_url: 'type.googleapis.com/envoy.config.core.v3.Address',
        value: { pipe: { path: '/a' } },
      };
      assert.deepEqual(jsonOf(JSON.stringify({ name: 'a', typed_config }), extension), { name: 'a', typed_config });
      const broken = JSON.stringify({ name: 'a', typed_config: { ...typed_config, value: { pip: {} } } });
      assert.match(
        faultsOf(broken, extension)[0] ?? '',
        /typed_config\.value\.pip: unknown field "pip" .*did you mean "pipe"/,
      );
      const foreign = { ...typed_config, type_url: 'type.googleapis.com/mine.Plugin', value: { whatever: 1 } };
      assert.deepEqual(jsonOf(JSON.stringify({ name: 'a', typed_config: foreign }), extension), {
        name: 'a',
        typed_config: foreign,
      });
    }
  });

  it('may be JSON, of which nothing that YAML allows beyond is let pass', () => {
    assert.deepEqual(jsonOf('{\n\t"node": {"id": "\\ud83d\\ude00\\/"}\n}', BOOTSTRAP, 'a.JSON'), {
      node: { id: '😀/' },
    });
    assert.deepEqual(faultsOf('{"node": {"id": yes}}', BOOTSTRAP, 'a.json'), [
      'a.json:1:17: node.id: is not valid JSON: yes',
    ]);
    const byFormat = loadConfig({
      text: '{"enable_dispatcher_stats": yes}',
      file: '--config',
      typeName: BOOTSTRAP,
      format: 'json',
    });
    assert.equal(byFormat.faults.length, 1);
  });

  it('gives the places of its fields by their paths', () => {
    const { source } = load(
      'static_resources:\n  clusters:\n  - name: a\n    loadAssignment:\n      cluster_name: b\n',
    );
    assert.deepEqual(source.position('static_resources.clusters[0].load_assignment.cluster_name'), {
      line: 5,
      column: 21,
    });
    assert.deepEqual(source.position('static_resources.clusters[0].load_assignment.endpoints[3]'), {
      line: 5,
      column: 7,
    });
    assert.deepEqual(source.position('static_resources.clusters[7]'), { line: 3, column: 3 });
    assert.deepEqual(source.position(''), { line: 1, column: 1 });
  });

  it('is refused, not followed, where it nests or multiplies beyond measure', () => {
    assert.match(faultsOf('['.repeat(20_000))[0] ?? '', /nests too deeply/);
    const layers = Array.from(
      { length: 12 },
      (_, i) => `l${i}: &l${i} [${i === 0 ? 'x' : Array.from({ length: 10 }, () => `*l${i - 1}`).join(', ')}]`,
    );
    assert.ok(
      faultsOf(`node:\n  metadata:\n    ${layers.join('\n    ')}\n`).some((fault) => fault.includes('beyond measure')),
    );
    const deep = `${'{"a":'.repeat(300)}1${'}'.repeat(300)}`;
    assert.match(faultsOf(`{"fields": [], "match_criteria": ${deep}}`)[0] ?? '', /unknown field/);
  });

  it('is told of an enum what is implemented, and all else where that is not known', () => {
    const typeName = 'envoy.config.cluster.v3.Cluster';
    const text = 'name: a\nlb_policy: RANDON_HASH\n';
    const LbPolicy = ['ROUND_ROBIN', 'RANDOM'];
    const [known] = loadConfig({
      text,
      file: 'a.yaml',
      typeName,
      support: { [`${typeName}.LbPolicy`]: LbPolicy },
    }).faults;
    assert.equal(known?.expected, 'one of ROUND_ROBIN, RANDOM');
    assert.ok(known.suggestion === undefined || LbPolicy.includes(known.suggestion));
    const [all] = loadConfig({ text, file: 'a.yaml', typeName }).faults;
    assert.match(all?.expected ?? '', /MAGLEV/);
  });

  it('with faults is still there without the values that have them, places in lists kept', () => {
    const text =
      '{name: a, nme: b, type: WAT, load_assignment: {cluster_name: c, endpoints: [7, {priority: 1}]}, cluster_type: {name: x}}';
    const { readable, message } = load(text, CLUSTER);
    const desc = registry().getMessage(CLUSTER);
    assert.ok(readable !== undefined && desc !== undefined);
    assert.equal(message, undefined);
    assert.deepEqual(toJson(desc, readable, { registry: registry(), useProtoFieldName: true }), {
      name: 'a',
      load_assignment: { cluster_name: 'c', endpoints: [{}, { priority: 1 }] },
    });
    assert.equal(load('name: a', CLUSTER).readable, undefined);
  });

  it('of a file of resources gives each resource with its place', () => {
    const text = `version_info: "1"\nresources:\n- "@type": type.googleapis.com/${CLUSTER}\n  name: a\n- "@type": type.googleapis.com/${CLUSTER}\n  nme: b\n`;
    assert.deepEqual(faultsOf(text, 'envoy.service.discovery.v3.DiscoveryResponse'), [
      `a.yaml:6:3: resources[1].nme: unknown field "nme" in ${CLUSTER}; did you mean "name"?`,
    ]);
  });
});
