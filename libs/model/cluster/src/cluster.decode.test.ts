import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clusterFingerprint } from './cluster.ts';
import { clusterConfig, readCluster } from './testing.ts';
import { matchTransportSocket, type TransportSocket } from './transport-socket.ts';

function transportSocketOf(yaml: string): TransportSocket {
  return clusterConfig(yaml).transportSocket;
}

const ENDPOINT = '{endpoint: {address: {socket_address: {address: 127.0.0.1, port_value: 80}}}}';
const ASSIGNMENT = `load_assignment: {cluster_name: c, endpoints: [{lb_endpoints: [${ENDPOINT}]}]}`;
const named = (name: string): string =>
  `load_assignment: {cluster_name: c, endpoints: [{lb_endpoints: [{endpoint: {address: {socket_address: {address: ${name}, port_value: 80}}}}]}]}`;

test('what a cluster does not say has the defaults of Envoy', () => {
  const config = clusterConfig(`{name: c, ${ASSIGNMENT}}`);
  assert.deepEqual(config.discovery, { kind: 'STATIC' });
  assert.equal(config.connectTimeoutMs, 5000);
  assert.equal(config.lbPolicy, 'ROUND_ROBIN');
  assert.equal(config.altStatName, 'c');
  assert.equal(config.healthyPanicThreshold, 50);
  assert.equal(config.http.idleTimeoutMs, 3_600_000);
  assert.equal(config.transportSocket.tls, undefined);
  assert.equal(config.loadAssignment?.policy.overprovisioningFactor, 140);
  const { default: usual } = config.circuitBreakers;
  assert.deepEqual(
    [usual.maxConnections, usual.maxPendingRequests, usual.maxRequests, usual.maxRetries, usual.maxConnectionPools],
    [1024, 1024, 1024, 3, Infinity],
  );
});

test('circuit breakers are told apart by priority', () => {
  const config = clusterConfig(`
    name: c
    ${ASSIGNMENT}
    circuit_breakers:
      thresholds:
      - {max_requests: 1, track_remaining: true, retry_budget: {budget_percent: {value: 50}, min_retry_concurrency: 5}}
      - {priority: HIGH, max_connections: 7}
  `);
  assert.equal(config.circuitBreakers.default.maxRequests, 1);
  assert.equal(config.circuitBreakers.default.trackRemaining, true);
  assert.deepEqual(config.circuitBreakers.default.retryBudget, { budgetPercent: 50, minRetryConcurrency: 5 });
  assert.equal(config.circuitBreakers.high.maxConnections, 7);
  assert.equal(config.circuitBreakers.high.maxRequests, 1024);
});

test('of the load balancing extensions the first that is implemented is taken', () => {
  const policy = (type: string, fields = ''): string =>
    `{typed_extension_config: {name: p, typed_config: {"@type": type.googleapis.com/envoy.extensions.load_balancing_policies.${type}${fields}}}}`;
  const policies = [policy('maglev.v3.Maglev'), policy('least_request.v3.LeastRequest', ', choice_count: 3')];
  const config = clusterConfig(`{name: c, ${ASSIGNMENT}, load_balancing_policy: {policies: [${policies.join()}]}}`);
  assert.deepEqual([config.lbPolicy, config.leastRequestChoiceCount], ['LEAST_REQUEST', 3]);
  const { faults } = readCluster(`{name: c, ${ASSIGNMENT}, load_balancing_policy: {policies: [${policies[0]}]}}`);
  assert.match(faults.join(), /load_balancing_policy\.policies: each of these policies is known to Envoy/);
});

test('endpoints keep locality, priority, weight, health and name', () => {
  const config = clusterConfig(`
    name: c
    load_assignment:
      cluster_name: c
      endpoints:
      - locality: {region: r, zone: z, sub_zone: s}
        lb_endpoints:
        - {health_status: DRAINING, load_balancing_weight: 3, endpoint: {hostname: h, address: {pipe: {path: /run/x}}}}
      - priority: 1
        lb_endpoints:
        - metadata: {filter_metadata: {f: {k: v}}}
          endpoint:
            address: {socket_address: {address: 127.0.0.1, port_value: 80}}
            additional_addresses: [{address: {socket_address: {address: '::1', port_value: 81}}}]
        - endpoint: {address: {envoy_internal_address: {server_listener_name: inside, endpoint_id: '7'}}}
  `);
  assert.deepEqual(config.loadAssignment?.localities, [
    {
      locality: { region: 'r', zone: 'z', subZone: 's' },
      priority: 0,
      endpoints: [
        {
          address: { kind: 'pipe', path: '/run/x' },
          additionalAddresses: [],
          hostname: 'h',
          healthStatus: 'DRAINING',
          weight: 3,
          metadata: {},
        },
      ],
    },
    {
      locality: { region: '', zone: '', subZone: '' },
      priority: 1,
      endpoints: [
        {
          address: { kind: 'socket', host: '127.0.0.1', port: 80 },
          additionalAddresses: [{ kind: 'socket', host: '::1', port: 81 }],
          hostname: '',
          healthStatus: 'UNKNOWN',
          weight: 1,
          metadata: { f: { k: 'v' } },
        },
        {
          address: { kind: 'internal', listener: 'inside', endpointId: '7' },
          additionalAddresses: [],
          hostname: '',
          healthStatus: 'UNKNOWN',
          weight: 1,
          metadata: {},
        },
      ],
    },
  ]);
});

test('of the requests to its endpoints a cluster may drop a share', () => {
  const policy = (text: string) =>
    readCluster(`{name: c, load_assignment: {cluster_name: c, policy: {drop_overloads: [${text}]}}}`);
  const dropped = policy('{category: spill, drop_percentage: {numerator: 25, denominator: TEN_THOUSAND}}').config;
  assert.deepEqual(dropped?.loadAssignment?.policy, {
    overprovisioningFactor: 140,
    dropOverload: { category: 'spill', ratio: 0.0025 },
  });
  assert.equal(policy('{category: spill}').config?.loadAssignment?.policy.dropOverload, undefined);
  assert.match(policy('{category: a}, {category: b}').faults.join(), /drop_overloads: has 2 categories/);
  assert.match(
    policy('{category: a, drop_percentage: {numerator: 250}}').faults.join(),
    /drop_overloads\[0\]\.drop_percentage: is 250 %/,
  );
});

test('DNS clusters are the same in the old form and as an extension', () => {
  const old = clusterConfig(`
    {name: c, type: STRICT_DNS, dns_refresh_rate: 2s, dns_lookup_family: V4_ONLY, respect_dns_ttl: true, ${named('a.test')},
     dns_failure_refresh_rate: {base_interval: 1s, max_interval: 8s}}`);
  const modern = clusterConfig(`
    name: c
    ${named('a.test')}
    cluster_type:
      name: envoy.clusters.dns
      typed_config:
        "@type": type.googleapis.com/envoy.extensions.clusters.dns.v3.DnsCluster
        dns_refresh_rate: 2s
        dns_lookup_family: V4_ONLY
        respect_dns_ttl: true
        dns_failure_refresh_rate: {base_interval: 1s, max_interval: 8s}
  `);
  assert.deepEqual(old.discovery, {
    kind: 'STRICT_DNS',
    dns: {
      refreshRateMs: 2000,
      failureRefreshRate: { baseMs: 1000, maxMs: 8000 },
      respectTtl: true,
      lookupFamily: 'V4_ONLY',
      jitterMs: 0,
      minRefreshRateMs: 0,
      servers: undefined,
    },
  });
  assert.deepEqual(modern.discovery, old.discovery);
});

test('DNS servers are those that the configuration names, in whichever way', () => {
  const cares = 'envoy.extensions.network.dns_resolver.cares.v3.CaresDnsResolverConfig';
  const address = '{socket_address: {address: 10.0.0.53, port_value: 5353}}';
  for (const field of [
    `dns_resolvers: [${address}]`,
    `dns_resolution_config: {resolvers: [${address}]}`,
    `typed_dns_resolver_config: {name: r, typed_config: {"@type": type.googleapis.com/${cares}, resolvers: [${address}]}}`,
  ]) {
    const { discovery } = clusterConfig(`{name: c, type: STRICT_DNS, ${named('a.test')}, ${field}}`);
    assert.deepEqual(discovery.kind === 'STRICT_DNS' && discovery.dns.servers?.addresses, ['10.0.0.53:5353'], field);
  }
});

test('a cluster of original destinations says where it finds them', () => {
  const { discovery, lbPolicy } =
    clusterConfig(`{name: c, type: ORIGINAL_DST, lb_policy: CLUSTER_PROVIDED, cleanup_interval: 7s,
    original_dst_lb_config: {use_http_header: true, upstream_port_override: 8080}}`);
  assert.deepEqual(discovery, {
    kind: 'ORIGINAL_DST',
    originalDst: { header: 'x-envoy-original-dst-host', portOverride: 8080, cleanupIntervalMs: 7000 },
  });
  assert.equal(lbPolicy, 'CLUSTER_PROVIDED');
});

test('connections come from the configured addresses and are kept alive as configured', () => {
  const { connection } = clusterConfig(`{name: c, ${ASSIGNMENT},
    upstream_bind_config: {source_address: {address: 127.0.0.2, port_value: 0}, extra_source_addresses: [{address: {address: '::1', port_value: 0}}]},
    upstream_connection_options: {tcp_keepalive: {keepalive_time: 30}, happy_eyeballs_config: {first_address_family_version: V4, first_address_family_count: 2}}}`);
  assert.deepEqual(connection, {
    sourceAddresses: [
      { address: '127.0.0.2', port: 0 },
      { address: '::1', port: 0 },
    ],
    keepAliveIdleMs: 30_000,
    happyEyeballs: { firstFamily: 'v4', firstFamilyCount: 2 },
  });
});

test('a DNS cluster whose addresses are one endpoint is a logical one', () => {
  const config = clusterConfig(`
    name: c
    ${named('a.test')}
    cluster_type:
      name: envoy.clusters.dns
      typed_config:
        "@type": type.googleapis.com/envoy.extensions.clusters.dns.v3.DnsCluster
        all_addresses_in_single_endpoint: true
  `);
  assert.equal(config.discovery.kind, 'LOGICAL_DNS');
});

test('EDS clusters name a file to read endpoints from', () => {
  const config = clusterConfig(`
    {name: c, type: EDS, eds_cluster_config: {service_name: s, eds_config: {path_config_source: {path: /e.yaml}}}}`);
  assert.deepEqual(config.discovery, {
    kind: 'EDS',
    eds: {
      serviceName: 's',
      source: { kind: 'file', path: '/e.yaml', watchedDirectory: undefined, initialFetchTimeoutMs: 15_000 },
    },
  });
});

test('TLS with SNI and nothing else verifies nothing', () => {
  const { tls } = transportSocketOf(`
    name: c
    ${ASSIGNMENT}
    transport_socket:
      name: envoy.transport_sockets.tls
      typed_config: {"@type": type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext, sni: a.test}
  `);
  assert.equal(tls?.sni, 'a.test');
  assert.equal(tls?.common.validation, undefined);
  assert.equal(tls?.common.params.minVersion, 'TLSv1.2');
});

test('TLS reads CA, client certificate, names, versions and protocols', () => {
  const { tls } = transportSocketOf(`
    name: c
    ${ASSIGNMENT}
    transport_socket:
      name: envoy.transport_sockets.tls
      typed_config:
        "@type": type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext
        common_tls_context:
          alpn_protocols: [http/1.1]
          tls_params: {tls_minimum_protocol_version: TLSv1_3}
          tls_certificates: [{certificate_chain: {filename: /c.pem}, private_key: {environment_variable: KEY}}]
          validation_context:
            trusted_ca: {inline_string: PEM}
            match_typed_subject_alt_names: [{san_type: URI, matcher: {prefix: "spiffe://x/"}}]
            verify_certificate_hash: ["${'AA:'.repeat(31)}BB"]
  `);
  const [certificate] = tls?.common.certificates ?? [];
  assert.deepEqual(certificate?.chain, { kind: 'file', path: '/c.pem', watchedDirectory: undefined });
  assert.deepEqual(certificate?.key, { kind: 'environment', variable: 'KEY' });
  assert.deepEqual(tls?.common.validation?.trustedCa, { kind: 'inline', bytes: new TextEncoder().encode('PEM') });
  assert.equal(tls?.common.validation?.subjectAltNames[0]?.matcher.matches('spiffe://x/y'), true);
  assert.deepEqual(tls?.common.validation?.certificateHashes, [`${'aa'.repeat(31)}bb`]);
  assert.equal(tls?.common.params.minVersion, 'TLSv1.3');
  assert.deepEqual(tls?.common.alpnProtocols, ['http/1.1']);
});

const OPTIONS = 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions';
function typed(options: string, more = ''): string {
  return `{name: c, ${ASSIGNMENT}, ${more} typed_extension_protocol_options: {${OPTIONS}: {"@type": type.googleapis.com/${OPTIONS}, ${options}}}}`;
}
const TLS_SOCKET =
  'transport_socket: {name: t, typed_config: {"@type": type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext}},';

const PROTOCOLS: readonly [yaml: string, protocol: string][] = [
  [`{name: c, ${ASSIGNMENT}}`, 'http1'],
  [`{name: c, ${ASSIGNMENT}, http2_protocol_options: {}}`, 'http2'],
  [`{name: c, ${ASSIGNMENT}, http2_protocol_options: {}, protocol_selection: USE_DOWNSTREAM_PROTOCOL}`, 'downstream'],
  [typed('explicit_http_config: {http2_protocol_options: {}}'), 'http2'],
  [typed('explicit_http_config: {http_protocol_options: {}}'), 'http1'],
  [typed('use_downstream_protocol_config: {http2_protocol_options: {}}'), 'downstream'],
  [typed('use_downstream_protocol_config: {http_protocol_options: {}}'), 'http1'],
  [typed('auto_config: {}', TLS_SOCKET), 'auto'],
];
for (const [yaml, protocol] of PROTOCOLS)
  test(`upstreams are spoken to in ${protocol} by ${yaml.replace(ASSIGNMENT, '…').slice(0, 200)}`, () => {
    assert.equal(clusterConfig(yaml).http.protocol, protocol);
  });

test('hosts with certain labels have another transport socket', () => {
  const { transportSocketMatches } = clusterConfig(`
    name: c
    ${ASSIGNMENT}
    transport_socket_matches:
    - {name: secured, match: {mtls: true}, ${TLS_SOCKET.replace(/,$/, '')}}
    - {name: plain, match: {}, transport_socket: {name: envoy.transport_sockets.raw_buffer}}`);
  const named = (labels: Record<string, unknown>): string | undefined =>
    matchTransportSocket(transportSocketMatches, { 'envoy.transport_socket_match': labels })?.name;
  assert.equal(named({ mtls: true, more: 1 }), 'secured');
  assert.equal(named({ mtls: 'true' }), 'plain');
  assert.equal(matchTransportSocket(transportSocketMatches, {})?.tls, undefined);
});

test("options of HTTP/2 are read, and those that are not given are the codec's", () => {
  const { http2 } = clusterConfig(
    typed(
      'explicit_http_config: {http2_protocol_options: {max_concurrent_streams: 7, initial_stream_window_size: 65536, connection_keepalive: {interval: 30s, timeout: 5s}}}',
    ),
  ).http;
  assert.equal(http2.maxConcurrentStreams, 7);
  assert.equal(http2.initialStreamWindowSize, 65536);
  assert.equal(http2.hpackTableSize, undefined);
  assert.deepEqual(http2.keepalive, {
    intervalMs: 30_000,
    timeoutMs: 5_000,
    intervalJitterPercent: 15,
    connectionIdleIntervalMs: 0,
  });
});

test('auto_config needs TLS, which chooses the protocol', () => {
  assert.match(readCluster(typed('auto_config: {}')).faults.join(), /asks TLS which protocol to speak/);
});

test('limits of one host, connections in advance and pools for each client are read', () => {
  const config = clusterConfig(`{name: c, ${ASSIGNMENT}, connection_pool_per_downstream_connection: true,
    preconnect_policy: {per_upstream_preconnect_ratio: 1.5, predictive_preconnect_ratio: 2},
    circuit_breakers: {per_host_thresholds: [{max_connections: 3}]}}`);
  assert.equal(config.circuitBreakers.default.maxConnectionsPerHost, 3);
  assert.equal(config.circuitBreakers.high.maxConnectionsPerHost, Infinity);
  assert.deepEqual(config.preconnect, { perUpstreamRatio: 1.5, predictiveRatio: 2 });
  assert.equal(config.connectionPoolPerDownstreamConnection, true);
});

test('the PROXY protocol goes before plain bytes or TLS', () => {
  const socket = (inner: string): string => `{name: c, ${ASSIGNMENT}, transport_socket: {name: p, typed_config: {
    "@type": type.googleapis.com/envoy.extensions.transport_sockets.proxy_protocol.v3.ProxyProtocolUpstreamTransport,
    config: {version: V2}, transport_socket: ${inner}}}}`;
  const plain = clusterConfig(socket('{name: raw_buffer}'));
  assert.deepEqual(plain.transportSocket, { proxyProtocol: { version: 'V2' }, tls: undefined });
  const secured = clusterConfig(socket(TLS_SOCKET.slice('transport_socket: '.length, -1)));
  assert.notEqual(secured.transportSocket.tls, undefined);
});

test('limits of connections come from the typed options', () => {
  const { http } = clusterConfig(`
    name: c
    ${ASSIGNMENT}
    typed_extension_protocol_options:
      envoy.extensions.upstreams.http.v3.HttpProtocolOptions:
        "@type": type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions
        common_http_protocol_options:
          {idle_timeout: 2s, max_connection_duration: 9s, max_requests_per_connection: 4, max_headers_count: 10}
        explicit_http_config: {http_protocol_options: {enable_trailers: true}}
  `);
  const { idleTimeoutMs, maxConnectionDurationMs, maxRequestsPerConnection, maxHeadersCount } = http;
  assert.deepEqual(
    [idleTimeoutMs, maxConnectionDurationMs, maxRequestsPerConnection, maxHeadersCount],
    [2000, 9000, 4, 10],
  );
  assert.deepEqual([http.maxResponseHeadersKb, http.http1.enableTrailers], [80, true]);
});

const FAULTY: readonly [what: string, yaml: string, fault: RegExp][] = [
  ['a policy that there is not', `{name: c, ${ASSIGNMENT}, lb_policy: MAGLEV}`, /^lb_policy: MAGLEV is known to Envoy/],
  [
    'a policy for original destinations that picks among hosts',
    '{name: c, type: ORIGINAL_DST}',
    /^lb_policy: ROUND_ROBIN is not for clusters of type ORIGINAL_DST/,
  ],
  [
    'a type of cluster that there is not',
    '{name: c, cluster_type: {name: envoy.clusters.aggregate, typed_config: {"@type": type.googleapis.com/envoy.extensions.clusters.aggregate.v3.ClusterConfig, clusters: [a]}}}',
    /cluster type "envoy.clusters.aggregate" is known to Envoy and not implemented/,
  ],
  [
    'a name in a static cluster',
    `{name: c, ${named('a.test')}}`,
    /socket_address\.address: "a\.test" is not an IP address/,
  ],
  ['a DNS cluster without names', '{name: c, type: STRICT_DNS}', /^load_assignment: is missing/],
  [
    'a logical cluster of two names',
    `{name: c, type: LOGICAL_DNS, load_assignment: {cluster_name: c, endpoints: [{lb_endpoints: [${ENDPOINT}, ${ENDPOINT}]}]}}`,
    /exactly one endpoint/,
  ],
  [
    'a gap between priorities',
    `{name: c, load_assignment: {cluster_name: c, endpoints: [{priority: 1, lb_endpoints: [${ENDPOINT}]}]}}`,
    /skips a priority below 1/,
  ],
  ['EDS from nowhere', '{name: c, type: EDS}', /eds_config: is missing/],
  [
    'names without a CA',
    `{name: c, ${ASSIGNMENT}, transport_socket: {name: t, typed_config: {"@type": type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext,
      common_tls_context: {validation_context: {match_typed_subject_alt_names: [{san_type: DNS, matcher: {exact: a}}]}}}}}`,
    /no CA is trusted/,
  ],
];

for (const [what, yaml, fault] of FAULTY) {
  test(`${what} is refused by its path`, () => {
    const { config, faults } = readCluster(yaml);
    assert.equal(config, undefined);
    assert.match(faults.join('\n'), fault);
  });
}

test('several faults are reported at once', () => {
  const { faults } = readCluster(`{name: c, ${named('a.test')}, lb_policy: RING_HASH, connect_timeout: 0s}`);
  assert.ok(faults.length >= 2, faults.join('\n'));
});

test('equal configurations have equal fingerprints, and any difference shows', () => {
  const base = clusterFingerprint(clusterConfig(`{name: c, ${ASSIGNMENT}}`));
  assert.equal(clusterFingerprint(clusterConfig(`{name: c, type: STATIC, ${ASSIGNMENT}}`)), base);
  assert.notEqual(clusterFingerprint(clusterConfig(`{name: c, ${ASSIGNMENT}, connect_timeout: 1s}`)), base);
});

test('an endpoint may be one of datagrams, as those of udp_proxy are', () => {
  const endpoint = ENDPOINT.replace('socket_address: {', 'socket_address: {protocol: UDP, ');
  assert.deepEqual(readCluster(`{name: c, ${ASSIGNMENT.replace(ENDPOINT, endpoint)}}`).faults, []);
});
