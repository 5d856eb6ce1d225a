import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { configToJson } from '../config-to-json.ts';
import { DecodeContext } from '../decode-context.ts';
import { formatFault } from '@weft/core-config-text';
import { loadConfig, type LoadedConfig } from '../load-config.ts';
import { registry } from '../registry.ts';
import { validateMessage } from '../validate/validate-message.ts';
import { namedTypes, namingTypes } from './extension-names.ts';
import { successorOf } from './v2-types.ts';

const BOOTSTRAP = 'envoy.config.bootstrap.v3.Bootstrap';
const HCM = 'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager';
const URL_PREFIX = 'type.googleapis.com/';

function load(text: string, typeName: string): LoadedConfig {
  return loadConfig({ text, file: 'a.yaml', typeName });
}

/** The v3 form of a text, which must have no fault and at least one warning. */
function upgraded(text: string, typeName: string): unknown {
  const { message, faults, warnings } = load(text, typeName);
  assert.deepEqual(faults.map(formatFault), []);
  assert.ok(message !== undefined);
  assert.ok(warnings.length > 0);
  return configToJson(message);
}

describe('an older form', () => {
  const ROUTE = 'envoy.config.route.v3';
  const cases: readonly [typeName: string, older: string, today: unknown][] = [
    [`${ROUTE}.RouteMatch`, '{regex: a.*}', { safe_regex: { regex: 'a.*' } }],
    [
      `${ROUTE}.HeaderMatcher`,
      '{name: a, regex_match: b}',
      { name: 'a', string_match: { safe_regex: { regex: 'b' } } },
    ],
    [`${ROUTE}.QueryParameterMatcher`, '{name: a, value: b}', { name: 'a', string_match: { exact: 'b' } }],
    [
      `${ROUTE}.QueryParameterMatcher`,
      '{name: a, value: b, regex: true}',
      { name: 'a', string_match: { safe_regex: { regex: 'b' } } },
    ],
    [
      `${ROUTE}.VirtualCluster`,
      '{name: a, pattern: /b, method: GET}',
      {
        name: 'a',
        headers: [
          { name: ':path', string_match: { safe_regex: { regex: '/b' } } },
          { name: ':method', string_match: { exact: 'GET' } },
        ],
      },
    ],
    [
      `${ROUTE}.CorsPolicy`,
      '{allow_origin: ["*"], allow_origin_regex: [a.*], enabled: false}',
      {
        allow_origin_string_match: [{ exact: '*' }, { safe_regex: { regex: 'a.*' } }],
        filter_enabled: { default_value: {} },
      },
    ],
    [
      `${ROUTE}.RouteAction`,
      '{cluster: a, auto_host_rewrite_header: b, request_mirror_policy: {cluster: c, runtime_key: d}}',
      {
        cluster: 'a',
        host_rewrite_header: 'b',
        request_mirror_policies: [
          { cluster: 'c', runtime_fraction: { default_value: { denominator: 'TEN_THOUSAND' }, runtime_key: 'd' } },
        ],
      },
    ],
    [
      `${ROUTE}.VirtualHost`,
      '{name: a, per_filter_config: {envoy.buffer: {disabled: true}}}',
      {
        name: 'a',
        typed_per_filter_config: {
          'envoy.filters.http.buffer': {
            '@type': `${URL_PREFIX}envoy.extensions.filters.http.buffer.v3.BufferPerRoute`,
            disabled: true,
          },
        },
      },
    ],
    [
      'envoy.config.endpoint.v3.ClusterLoadAssignment.Policy',
      '{disable_overprovisioning: true}',
      { overprovisioning_factor: 100 },
    ],
    [
      'envoy.config.core.v3.HealthCheck.HttpHealthCheck',
      '{path: /, use_http2: true, service_name: a}',
      { path: '/', codec_client_type: 'HTTP2', service_name_matcher: { prefix: 'a' } },
    ],
    ['envoy.config.cluster.v3.Cluster', '{lb_policy: original_dst_lb}', { lb_policy: 'CLUSTER_PROVIDED' }],
    [
      'envoy.config.cluster.v3.Cluster',
      '{drain_connections_on_host_removal: true}',
      { ignore_health_on_host_removal: true },
    ],
    [
      'envoy.extensions.transport_sockets.tls.v3.CertificateValidationContext',
      '{verify_subject_alt_name: [a.b, "spiffe://c", 1.2.3.4]}',
      {
        match_typed_subject_alt_names: [
          { san_type: 'DNS', matcher: { exact: 'a.b' } },
          { san_type: 'URI', matcher: { exact: 'spiffe://c' } },
          { san_type: 'IP_ADDRESS', matcher: { exact: '1.2.3.4' } },
        ],
      },
    ],
    [
      HCM,
      '{stat_prefix: a, idle_timeout: 5s}',
      { stat_prefix: 'a', common_http_protocol_options: { idle_timeout: '5s' } },
    ],
    [
      `${HCM}.Tracing`,
      '{operation_name: ingress, request_headers_for_tags: [a]}',
      { custom_tags: [{ tag: 'a', request_header: { name: 'a' } }] },
    ],
    ['envoy.config.listener.v3.FilterChainMatch', '{source_type: local}', { source_type: 'SAME_IP_OR_LOOPBACK' }],
    [
      'envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy',
      '{deprecated_v1: {routes: [{cluster: a}]}}',
      { cluster: 'a' },
    ],
    [
      'envoy.extensions.filters.network.redis_proxy.v3.RedisProxy',
      '{cluster: a}',
      { prefix_routes: { catch_all_route: { cluster: 'a' } } },
    ],
    [
      BOOTSTRAP,
      '{runtime: {symlink_root: /r, subdirectory: a, override_subdirectory: b, base: {x: 1}}}',
      {
        layered_runtime: {
          layers: [
            { name: 'base', static_layer: { x: 1 } },
            { name: 'root', disk_layer: { symlink_root: '/r', subdirectory: 'a' } },
            { name: 'override', disk_layer: { symlink_root: '/r', subdirectory: 'b', append_service_cluster: true } },
            { name: 'admin', admin_layer: {} },
          ],
        },
      },
    ],
  ];
  for (const [typeName, older, today] of cases) {
    it(`is read as today's: ${typeName.split('.').at(-1)} ${older}`, () =>
      assert.deepEqual(upgraded(older, typeName), today));
  }

  it('beside the form of today is a fault', () => {
    const { faults } = load(
      '{name: a, hosts: [], load_assignment: {cluster_name: a}}',
      'envoy.config.cluster.v3.Cluster',
    );
    assert.deepEqual(faults.map(formatFault), [
      'a.yaml:1:11: hosts: is set beside "load_assignment", which replaced it',
    ]);
  });

  it('is not made of a field that v3 took up again with another meaning', () => {
    const { warnings, json } = load('{cluster: a, host_rewrite: "%REQ(x)%"}', 'envoy.config.route.v3.RouteAction');
    assert.deepEqual([warnings, json], [[], { cluster: 'a', host_rewrite: '%REQ(x)%' }]);
  });

  it('of TLS in a listener is the side of the listener, named or not', () => {
    const type = 'envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext';
    const today = {
      transport_socket: {
        name: 'envoy.transport_sockets.tls',
        typed_config: { '@type': URL_PREFIX + type, require_client_certificate: true },
      },
    };
    const chain = 'envoy.config.listener.v3.FilterChain';
    assert.deepEqual(upgraded('{tls_context: {require_client_certificate: true}}', chain), today);
    assert.deepEqual(
      upgraded('{transport_socket: {name: tls, config: {require_client_certificate: true}}}', chain),
      today,
    );
  });

  it('is a protocol of a cluster in any of its fields, and the extension wins where there is one', () => {
    const name = 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions';
    const cluster = 'envoy.config.cluster.v3.Cluster';
    const options = { '@type': URL_PREFIX + name, common_http_protocol_options: { idle_timeout: '1s' } };
    assert.deepEqual(
      upgraded(
        '{common_http_protocol_options: {idle_timeout: 1s}, protocol_selection: USE_DOWNSTREAM_PROTOCOL}',
        cluster,
      ),
      {
        typed_extension_protocol_options: { [name]: { ...options, use_downstream_protocol_config: {} } },
      },
    );
    const theirs = { [name]: { ...options, explicit_http_config: { http_protocol_options: {} } } };
    const text = JSON.stringify({ http2_protocol_options: {}, typed_extension_protocol_options: theirs });
    assert.deepEqual(upgraded(text, cluster), { typed_extension_protocol_options: theirs });
  });
});

describe('a v1 configuration', () => {
  it('of HTTP is read route by route', () => {
    const { message, faults } = loadConfig({ text: V1_HTTP, file: 'v1.json', typeName: BOOTSTRAP });
    assert.deepEqual(faults.map(formatFault), []);
    assert.ok(message !== undefined);
    const cx = new DecodeContext({ file: 'v1.json', position: () => undefined });
    validateMessage(message, cx);
    assert.deepEqual(cx.faults.map(formatFault), []);
    const text = JSON.stringify(configToJson(message));
    for (const part of [
      '"codec_type":"HTTP2"',
      '"routes":[{"match":{"prefix":"/","headers":[{"name":"x","string_match":{"safe_regex":{"regex":"a.*"}}},{"name":"y","present_match":true}]}',
      '"retry_policy":{"retry_on":"5xx","num_retries":3,"per_try_timeout":"0.200s"}',
      '"redirect":{"host_redirect":"b"}',
      '"name":"envoy.filters.http.fault"',
      '"fixed_delay":"0.020s"',
      '"lb_policy":"LEAST_REQUEST"',
      '"dns_refresh_rate":"5s"',
    ]) {
      assert.ok(text.includes(part), `${part} in ${text}`);
    }
  });

  it('has what v1 did not have told as unknown, at its place', () => {
    const text = '{\n "listeners": [\n  {"address": "udp://a", "filters": [],\n   "bnd_to_port": true}\n ]\n}';
    const { faults } = loadConfig({ text, file: 'v1.json', typeName: BOOTSTRAP });
    assert.deepEqual(
      faults.map(({ path, position, suggestion }) => [path, position?.line, suggestion]),
      [
        ['static_resources.listeners[0].address', 3, undefined],
        ['static_resources.listeners[0].bnd_to_port', 4, 'bind_to_port'],
      ],
    );
  });
});

describe('the tables of older names', () => {
  it('lead to types and fields that the API has', () => {
    for (const type of [...namedTypes(), ...namingTypes()]) assert.equal(registry().getMessage(type)?.typeName, type);
  });

  it('have v2 types from the descriptors', () => {
    assert.equal(successorOf('envoy.config.filter.network.http_connection_manager.v2.HttpConnectionManager'), HCM);
    assert.equal(successorOf('envoy.api.v2.Cluster'), 'envoy.config.cluster.v3.Cluster');
    assert.equal(successorOf(HCM), undefined);
    assert.equal(successorOf('envoy.no.such.v2.Type'), undefined);
  });
});

const V1_HTTP = JSON.stringify({
  listeners: [
    {
      address: 'tcp://0.0.0.0:80',
      filters: [
        {
          type: 'read',
          name: 'http_connection_manager',
          config: {
            codec_type: 'http2',
            stat_prefix: 'ingress',
            route_config: {
              virtual_hosts: [
                {
                  name: 'a',
                  domains: ['*'],
                  routes: [
                    {
                      prefix: '/',
                      cluster: 'a',
                      headers: [{ name: 'x', value: 'a.*', regex: true }, { name: 'y' }],
                      retry_policy: { retry_on: '5xx', num_retries: 3, per_try_timeout_ms: 200 },
                    },
                    { path: '/b', host_redirect: 'b' },
                  ],
                },
              ],
            },
            filters: [
              {
                type: 'both',
                name: 'fault',
                config: { delay: { type: 'fixed', fixed_delay_percent: 1, fixed_duration_ms: 20 } },
              },
              { type: 'decoder', name: 'router', config: {} },
            ],
          },
        },
      ],
    },
  ],
  cluster_manager: {
    clusters: [
      {
        name: 'a',
        connect_timeout_ms: 250,
        type: 'strict_dns',
        lb_type: 'least_request',
        dns_refresh_rate_ms: 5000,
        hosts: [{ url: 'tcp://a:80' }],
      },
    ],
  },
});
