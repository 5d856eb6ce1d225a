import { SERVER_METRIC, type MetricLabels } from '@weft/xds-server';

/** What a metric of the control plane tells. */
export interface KnownMetric {
  readonly name: string;
  readonly help: string;
  readonly kind: 'counter' | 'gauge' | 'histogram';
  /** Series that are there, with 0, before anything happened: what watches for a rise has to see where it rises from. */
  readonly zero?: readonly MetricLabels[];
}

const BY_TYPE: readonly MetricLabels[] = ['cds', 'eds', 'lds', 'rds', 'sds'].map((type) => ({ type }));
const ALONE: readonly MetricLabels[] = [{}];

/** Of everything that is counted by name. */
export const KNOWN_METRICS: readonly KnownMetric[] = [
  { name: SERVER_METRIC.connected, help: 'Streams of xDS that are open.', kind: 'gauge', zero: ALONE },
  { name: SERVER_METRIC.pushes, help: 'Responses sent, by type.', kind: 'counter', zero: BY_TYPE },
  { name: SERVER_METRIC.pushTime, help: 'Seconds to make and write one response, by type.', kind: 'histogram' },
  {
    name: SERVER_METRIC.convergence,
    help: 'Seconds from a new snapshot to the last acknowledgement by a proxy.',
    kind: 'histogram',
  },
  { name: SERVER_METRIC.queueTime, help: 'Seconds that a proxy waits for its turn to be told.', kind: 'histogram' },
  {
    name: SERVER_METRIC.debounceTime,
    help: 'Seconds from the first change to the push that has it.',
    kind: 'histogram',
  },
  {
    name: SERVER_METRIC.rejects,
    help: 'Responses that proxies refused, by type and node.',
    kind: 'counter',
    zero: BY_TYPE,
  },
  {
    name: SERVER_METRIC.expiredNonce,
    help: 'Requests that answer an older response than the last, by type.',
    kind: 'counter',
    zero: BY_TYPE,
  },
  { name: SERVER_METRIC.configSize, help: 'Octets of one response, by type.', kind: 'histogram' },
  { name: 'pilot_services', help: 'Services that the mesh knows.', kind: 'gauge', zero: ALONE },
  { name: 'weft_workloads', help: 'Workloads that the mesh knows.', kind: 'gauge', zero: ALONE },
  { name: 'weft_refused_documents', help: 'Documents that are not taken.', kind: 'gauge', zero: ALONE },
  {
    name: 'weft_translation_time',
    help: 'Seconds to find out what a proxy is to be told: of all, or of endpoints alone.',
    kind: 'histogram',
  },
  {
    name: 'weft_torn_snapshots',
    help: 'Snapshots that were not published, since they were not consistent.',
    kind: 'counter',
    zero: ALONE,
  },
  {
    name: 'weft_failed_translations',
    help: 'Times that a proxy kept what it had, since its configuration could not be made.',
    kind: 'counter',
    zero: ALONE,
  },
  {
    name: 'weft_withheld_resources',
    help: 'Parts of resources that proxies would refuse, and that are told otherwise or not at all.',
    kind: 'gauge',
    zero: ALONE,
  },
  {
    name: 'weft_access_log_entries',
    help: 'Entries of access logs that proxies sent, by node and kind.',
    kind: 'counter',
  },
  { name: 'weft_metrics_service_families', help: 'Metrics that proxies sent, by node.', kind: 'counter' },
];
