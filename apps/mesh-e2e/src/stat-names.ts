const cluster = (group: string, names: string): string[] => names.split(' ').map((name) => `${group}${name}`);

const CLUSTER_STATS: readonly string[] = [
  ...['default', 'high'].flatMap((level) =>
    cluster(`circuit_breakers.${level}.`, 'cx_open rq_open rq_pending_open rq_retry_open'),
  ),
  ...cluster('', 'lb_healthy_panic lb_local_cluster_not_ok lb_recalculate_zone_structures lb_subsets_active'),
  ...cluster('', 'lb_subsets_created lb_subsets_fallback lb_subsets_removed lb_subsets_selected'),
  ...cluster('lb_zone_', 'cluster_too_small no_capacity_left number_differs routing_all_directly'),
  ...cluster('lb_zone_', 'routing_cross_zone routing_sampled'),
  ...cluster('', 'max_host_weight bind_errors original_dst_host_invalid retry_or_shadow_abandoned version'),
  ...cluster('membership_', 'change degraded healthy total'),
  ...cluster('update_', 'attempt empty failure no_rebuild success'),
  ...cluster('upstream_cx_', 'active close_notify connect_attempts_exceeded connect_fail connect_timeout destroy'),
  ...cluster('upstream_cx_', 'destroy_local destroy_local_with_active_rq destroy_remote'),
  ...cluster('upstream_cx_', 'destroy_remote_with_active_rq destroy_with_active_rq http1_total http2_total'),
  ...cluster('upstream_cx_', 'idle_timeout max_requests none_healthy overflow protocol_error rx_bytes_buffered'),
  ...cluster('upstream_cx_', 'rx_bytes_total total tx_bytes_buffered tx_bytes_total'),
  ...cluster('upstream_flow_control_', 'backed_up_total drained_total paused_reading_total resumed_reading_total'),
  ...cluster('upstream_internal_redirect_', 'failed_total succeeded_total'),
  ...cluster('upstream_rq_', '200 2xx active cancelled completed maintenance_mode pending_active'),
  ...cluster('upstream_rq_', 'pending_failure_eject pending_overflow pending_total per_try_timeout retry'),
  ...cluster('upstream_rq_', 'retry_overflow retry_success rx_reset timeout total tx_reset'),
  ...cluster('external.upstream_rq_', '200 2xx completed'),
  ...cluster('http2.', 'header_overflow headers_cb_no_stream rx_messaging_error rx_reset too_many_header_frames'),
  ...cluster('http2.', 'trailers tx_reset'),
];

/** The names that the front-proxy tutorial prints, for a cluster; what was `access_log_file.` there is `filesystem.` now. */
export function tutorialStats(clusterName: string): readonly string[] {
  const files = cluster('filesystem.', 'flushed_by_timer reopen_failed write_buffered write_completed');
  return [
    ...files,
    'filesystem.write_total_buffered',
    ...CLUSTER_STATS.map((name) => `cluster.${clusterName}.${name}`),
  ];
}
