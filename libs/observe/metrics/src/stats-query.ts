/** What /stats and /stats/prometheus were asked for. */
export interface StatsQuery {
  /** Says whether a stat of this name is wanted. */
  readonly wants: (name: string) => boolean;
  readonly usedOnly: boolean;
  readonly type: StatType;
  readonly format: StatsFormat;
  readonly buckets: BucketMode;
}

const TYPES = ['All', 'Counters', 'Histograms', 'Gauges', 'TextReadouts'] as const;
export type StatType = (typeof TYPES)[number];

const FORMATS = ['json', 'prometheus', 'text'] as const;
export type StatsFormat = (typeof FORMATS)[number];

const BUCKET_MODES = ['none', 'cumulative', 'disjoint', 'detailed', 'summary'] as const;
/** `none` is the default of every format: summaries in text and JSON, cumulative buckets for Prometheus. */
export type BucketMode = (typeof BUCKET_MODES)[number];

/**
 * Compiles a regular expression of RE2 syntax that may be found anywhere in a text; returns a sentence for a faulty one.
 * Injected, because the filter comes over the network and must be matched in linear time.
 */
export type RegexCompiler = (source: string) => { test(text: string): boolean } | string;

/** Reads the query parameters; a faulty one gives the body of the 400 reply. */
export function parseStatsQuery(
  params: URLSearchParams,
  prometheus: boolean,
  compile: RegexCompiler,
): StatsQuery | string {
  const format = prometheus ? 'prometheus' : (params.get('format') ?? 'text');
  if (!isOneOf(FORMATS, format)) return `usage: /stats?format=(${FORMATS.join('|')})\n\n`;
  const type = params.get('type') ?? 'All';
  if (!isOneOf(TYPES, type)) return 'invalid &type= param';
  // An empty field of a form means the default.
  const buckets = params.get('histogram_buckets') || 'none';
  if (!isOneOf(BUCKET_MODES, buckets)) return `usage: /stats?histogram_buckets=(${BUCKET_MODES.slice(1).join('|')})`;
  if (format === 'prometheus' && (buckets === 'disjoint' || buckets === 'detailed')) {
    return 'unsupported prometheus histogram bucket mode';
  }
  const filter = params.get('filter') ?? '';
  const regex = filter === '' ? undefined : compile(filter);
  if (typeof regex === 'string') return `Invalid re2 regex: ${regex}`;
  const inverted = params.has('invert_filter');
  const wants = regex === undefined ? () => true : (name: string) => regex.test(name) !== inverted;
  return { wants, usedOnly: params.has('usedonly'), type, format, buckets };
}

function isOneOf<T extends string>(list: readonly T[], text: string): text is T {
  return (list as readonly string[]).includes(text);
}
