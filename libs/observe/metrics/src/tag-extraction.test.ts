import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DEFAULT_TAG_RULES, extractTags } from './tag-extraction.ts';

const CASES: readonly [name: string, left: string, tags: Record<string, string>][] = [
  ['cluster.service1.upstream_rq_total', 'cluster.upstream_rq_total', { cluster_name: 'service1' }],
  ['cluster.a.upstream_rq_503', 'cluster.upstream_rq', { response_code: '503', cluster_name: 'a' }],
  [
    'cluster.a.external.upstream_rq_2xx',
    'cluster.external.upstream_rq_xx',
    { response_code_class: '2', cluster_name: 'a' },
  ],
  ['cluster.a.upstream_rq_0rtt', 'cluster.upstream_rq_0rtt', { cluster_name: 'a' }],
  ['cluster.a.ssl.ciphers.AES128-SHA', 'cluster.ssl.ciphers', { ssl_cipher_suite: 'AES128-SHA', cluster_name: 'a' }],
  ['http.in.downstream_rq_total', 'http.downstream_rq_total', { http_conn_manager_prefix: 'in' }],
  ['http.async-client.rq_total', 'http.rq_total', { http_conn_manager_prefix: 'async-client' }],
  [
    'http.in.rds.local.update_success',
    'http.rds.update_success',
    { http_conn_manager_prefix: 'in', rds_route_config: 'local' },
  ],
  ['listener.0.0.0.0_80.downstream_cx_total', 'listener.downstream_cx_total', { listener_address: '0.0.0.0_80' }],
  ['listener.[__1]_80.downstream_cx_total', 'listener.downstream_cx_total', { listener_address: '[__1]_80' }],
  ['listener.admin.downstream_cx_total', 'listener.admin.downstream_cx_total', {}],
  [
    'listener.127.0.0.1_80.http.in.downstream_rq_5xx',
    'listener.http.downstream_rq_xx',
    { response_code_class: '5', http_conn_manager_prefix: 'in', listener_address: '127.0.0.1_80' },
  ],
  [
    'listener.127.0.0.1_80.worker_0.downstream_cx_total',
    'listener.worker.downstream_cx_total',
    { worker_id: '0', listener_address: '127.0.0.1_80' },
  ],
  [
    'vhost.vh.vcluster.vc.upstream_rq_total',
    'vhost.vcluster.upstream_rq_total',
    { virtual_cluster: 'vc', virtual_host: 'vh' },
  ],
  ['tcp.redis.downstream_cx_total', 'tcp.downstream_cx_total', { tcp_prefix: 'redis' }],
  ['in.http_local_rate_limit.enabled', 'http_local_rate_limit.enabled', { local_http_ratelimit_prefix: 'in' }],
  ['cluster_manager.active_clusters', 'cluster_manager.active_clusters', {}],
];

test('the parts of names that vary become tags, in the order in which Envoy prints them', () => {
  for (const [name, left, tags] of CASES) {
    const tagged = extractTags(name, DEFAULT_TAG_RULES);
    assert.equal(tagged.name, left);
    assert.deepEqual(
      tagged.tags.map(({ tag, value }) => [tag, value]),
      Object.entries(tags).map(([tag, value]) => [`envoy.${tag}`, value]),
      name,
    );
  }
});

test('fixed tags go on every stat and a rule of one tag is used once', () => {
  const rules = [
    { tag: 'version', pattern: /(\.v((\d)))/d },
    { tag: 'version', pattern: /(x)()/d },
  ];
  assert.deepEqual(extractTags('a.v2.x', rules, [{ tag: 'zone', value: 'z1' }]), {
    name: 'a.x',
    tags: [
      { tag: 'zone', value: 'z1' },
      { tag: 'version', value: '2' },
    ],
  });
});
