/** Labels of one number: `{ type: 'cds' }`. */
export type MetricLabels = Readonly<Record<string, string>>;

/** Where the server's own numbers go, by Istio's names. The control plane gives it; times are in seconds. */
export interface ServerMetrics {
  /** Raises a counter. */
  count(name: string, labels?: MetricLabels, amount?: number): void;
  /** Sets a gauge. */
  gauge(name: string, value: number, labels?: MetricLabels): void;
  /** One value of a distribution. */
  observe(name: string, value: number, labels?: MetricLabels): void;
}

export const NO_METRICS: ServerMetrics = { count: () => undefined, gauge: () => undefined, observe: () => undefined };

/** The names, with what each tells. Source: Istio, pilot/pkg/xds/monitoring.go and pkg/xds/monitoring.go. */
export const SERVER_METRIC = {
  /** Gauge: streams that are open, by `version` of the protocol. */
  connected: 'pilot_xds',
  /** Counter: responses, by `type`. */
  pushes: 'pilot_xds_pushes',
  /** Distribution: making and writing one response, by `type`. */
  pushTime: 'pilot_xds_push_time',
  /** Distribution: from the snapshot to the last acknowledgement by a proxy. */
  convergence: 'pilot_proxy_convergence_time',
  /** Distribution: how long a proxy waits for its turn. */
  queueTime: 'pilot_proxy_queue_time',
  /** Distribution: from the first change to the push that has it. */
  debounceTime: 'pilot_debounce_time',
  /** Counter: refused responses, by `type`, `node` and `err`. */
  rejects: 'pilot_total_xds_rejects',
  /** Counter: requests that answer an older response than the last, by `type`. */
  expiredNonce: 'pilot_xds_expired_nonce',
  /** Distribution: octets of one response, by `type`. */
  configSize: 'pilot_xds_config_size_bytes',
} as const;
