import assert from 'node:assert/strict';
import { test } from 'node:test';
import { statOf, testCluster } from './testing.ts';

/** The names of an HTTP cluster that existing dashboards, and Envoy 1.40 itself, know; `{a,b}` is either. */
const EXPECTED = `
circuit_breakers.{default,high}.{cx_open,cx_pool_open,rq_open,rq_pending_open,rq_retry_open}
external.{upstream_rq_200,upstream_rq_2xx,upstream_rq_completed}
internal.{upstream_rq_200,upstream_rq_2xx,upstream_rq_completed}
http1.{dropped_headers_with_underscores,metadata_not_supported_error,requests_rejected_with_underscores_in_headers,response_flood}
http2.{header_overflow,headers_cb_no_stream,rx_messaging_error,rx_reset,too_many_header_frames,trailers,tx_reset}
{assignment_stale,assignment_timeout_received,assignment_use_cached,bind_errors,default.total_match_count}
lb_{healthy_panic,local_cluster_not_ok,recalculate_zone_structures}
lb_subsets_{active,created,fallback,fallback_panic,removed,selected}
lb_zone_{cluster_too_small,no_capacity_left,number_differs,routing_all_directly,routing_cross_zone,routing_sampled}
{max_host_weight,membership_change,membership_degraded,membership_excluded,membership_healthy,membership_total}
{original_dst_host_invalid,retry_or_shadow_abandoned,version,warming_state}
update_{attempt,empty,failure,no_rebuild,success}
upstream_cx_{active,close_notify,connect_attempts_exceeded,connect_fail,connect_timeout,connect_with_0_rtt,destroy}
upstream_cx_{destroy_local,destroy_local_with_active_rq,destroy_remote,destroy_remote_with_active_rq,destroy_with_active_rq}
upstream_cx_{http1_total,http2_total,http3_total,idle_timeout,max_duration_reached,max_requests,none_healthy,overflow}
upstream_cx_{pool_overflow,preconnect_skipped,protocol_error,rx_bytes_buffered,rx_bytes_total,total}
upstream_cx_{tx_bytes_buffered,tx_bytes_total}
upstream_flow_control_{backed_up,drained,paused_reading,resumed_reading}_total
{upstream_http3_broken,upstream_queue_overloaded}
upstream_internal_redirect_{failed,succeeded}_total
upstream_rq_{0rtt,200,2xx,active,active_overflow,cancelled,completed,maintenance_mode,max_duration_reached}
upstream_rq_{pending_active,pending_failure_eject,pending_overflow,pending_total,per_try_idle_timeout,per_try_timeout}
upstream_rq_{retry,retry_backoff_exponential,retry_backoff_ratelimited,retry_limit_exceeded,retry_overflow,retry_success}
upstream_rq_{rx_reset,rx_reset_no_error,timeout,total,tx_reset}
`;

function expand(pattern: string): string[] {
  const braces = /\{([^}]*)\}/.exec(pattern);
  if (braces === null) return pattern === '' ? [] : [pattern];
  const [whole, choices] = braces as unknown as [string, string];
  return choices.split(',').flatMap((choice) => expand(pattern.replace(whole, choice)));
}

test('every stat of a cluster is there from the start', () => {
  const { store } = testCluster([1]);
  const names = new Set([...store.counters(), ...store.gauges()].map((stat) => stat.name));
  const missing = EXPECTED.trim()
    .split('\n')
    .flatMap(expand)
    .filter((name) => !names.has(`cluster.c.${name}`));
  assert.deepEqual(missing, []);
  const moved = [...store.counters(), ...store.gauges()].filter((stat) => stat.value !== 0).map((stat) => stat.name);
  assert.deepEqual(
    moved,
    ['default.total_match_count', 'membership_change', 'max_host_weight', 'membership_healthy', 'membership_total'].map(
      (name) => `cluster.c.${name}`,
    ),
  );
});

test('histograms of a cluster are there from the start', () => {
  const { store } = testCluster([1]);
  const names = store.histograms().map((stat) => stat.name.replace('cluster.c.', ''));
  assert.deepEqual(names, [
    'external.upstream_rq_time', 'internal.upstream_rq_time', 'upstream_cx_connect_ms', 'upstream_cx_length_ms',
    'upstream_rq_per_cx', 'upstream_rq_time',
  ]); // prettier-ignore
});

test('alt_stat_name names the stats', () => {
  const { store } = testCluster([1], 'alt_stat_name: other');
  assert.equal(statOf(store, 'cluster.other.membership_total'), 1);
});

test('responses are counted by code, by class and by where the request came from', () => {
  const { cluster, stat } = testCluster([1]);
  cluster.requestStats.chargeResponse(200, false);
  cluster.requestStats.chargeResponse(503, true);
  cluster.requestStats.chargeResponse(503, true);
  assert.deepEqual(
    [
      'upstream_rq_200', 'upstream_rq_503', 'upstream_rq_5xx', 'upstream_rq_completed', 'external.upstream_rq_2xx',
      'internal.upstream_rq_503', 'internal.upstream_rq_completed', 'external.upstream_rq_completed',
    ].map(stat),
    [1, 2, 2, 3, 1, 2, 2, 1],
  ); // prettier-ignore
  assert.throws(() => stat('external.upstream_rq_503'));
});
