/**
 * How one part of a stat's name becomes a tag (Prometheus: a label). `pattern` is searched in the name; its first group is cut
 * out of the name, its second is the tag's value. Source: envoy.config.metrics.v3.TagSpecifier.
 */
export interface TagRule {
  readonly tag: string;
  readonly pattern: RegExp;
}

/** A tag with the same value for every stat. */
export interface FixedTag {
  readonly tag: string;
  readonly value: string;
}

export interface TaggedName {
  /** The name without the parts that became tags. */
  readonly name: string;
  readonly tags: readonly { readonly tag: string; readonly value: string }[];
}

const LISTENER_ADDRESS = String.raw`(?:[_.\d]*|[_\[\]a-fA-F\d]*)`;

/**
 * `cluster.$.**` in Envoy's short form: names are tokens between dots, `*` is any token, `$` the token that becomes the value,
 * a final `**` one or more tokens.
 */
function tokens(tag: string, form: string): TagRule {
  const parts = form.split('.');
  const pattern = parts.map((part, at) => {
    if (part === '**') return '.+';
    const last = at === parts.length - 1;
    if (part === '$') return last ? '(([^.]+))$' : String.raw`(([^.]+)\.)`;
    return (part === '*' ? '[^.]+' : part) + String.raw`\.`;
  });
  return { tag: `envoy.${tag}`, pattern: new RegExp(`^${pattern.join('')}`, 'd') };
}

function expression(tag: string, pattern: string): TagRule {
  return { tag: `envoy.${tag}`, pattern: new RegExp(pattern, 'd') };
}

/** The tags that Envoy knows by itself, in the order in which it prints them. Two rules of one tag: the first that fits. */
export const DEFAULT_TAG_RULES: readonly TagRule[] = [
  expression('response_code', String.raw`_rq(_(\d{3}))$`),
  expression('response_code_class', String.raw`_rq_((\d))xx$`),
  tokens('grpc_bridge_method', 'cluster.*.grpc.*.$.**'),
  tokens('http_user_agent', 'http.*.user_agent.$.**'),
  tokens('virtual_cluster', 'vhost.*.vcluster.$.**'),
  tokens('fault_downstream_cluster', 'http.*.fault.$.**'),
  expression('ssl_cipher', String.raw`^listener\..*?\.ssl\.cipher(\.(.*?))$`),
  tokens('ssl_cipher_suite', 'cluster.*.ssl.ciphers.$'),
  tokens('grpc_bridge_service', 'cluster.*.grpc.$.**'),
  tokens('tcp_prefix', 'tcp.$.**'),
  tokens('udp_prefix', 'udp.$.**'),
  tokens('clientssl_prefix', 'auth.clientssl.$.**'),
  tokens('ratelimit_prefix', 'ratelimit.$.**'),
  tokens('cluster_name', 'cluster.$.**'),
  expression('http_conn_manager_prefix', String.raw`^listener\..*?\.http\.((.*?)\.)`),
  tokens('http_conn_manager_prefix', 'http.$.**'),
  expression('worker_id', String.raw`^listener\.${LISTENER_ADDRESS}\.worker(_(\d+))\.`),
  expression('worker_id', String.raw`^server\.worker(_(\d+))\.`),
  expression('listener_address', String.raw`^listener\.((${LISTENER_ADDRESS})\.)`),
  tokens('virtual_host', 'vhost.$.**'),
  expression('rds_route_config', String.raw`^http\.[^.]+\.rds\.((.+?)\.)\w+$`),
  tokens('route', 'vhost.*.route.$.**'),
  tokens('redis_prefix', 'redis.$.**'),
  tokens('local_http_ratelimit_prefix', '$.http_local_rate_limit.**'),
  tokens('local_network_ratelimit_prefix', 'local_rate_limit.$.**'),
  tokens('connection_limit_prefix', 'connection_limit.$.**'),
];

/** Takes the tags out of a name, each rule looking at the whole name, as Envoy does. */
export function extractTags(name: string, rules: readonly TagRule[], fixed: readonly FixedTag[] = []): TaggedName {
  const tags: { tag: string; value: string }[] = [...fixed];
  const cuts: [from: number, to: number][] = [];
  for (const { tag, pattern } of rules) {
    if (tags.some((known) => known.tag === tag)) continue;
    const found = pattern.exec(name);
    const cut = found?.indices?.[1];
    if (found === null || cut === undefined) continue;
    tags.push({ tag, value: found[2] ?? found[1] ?? '' });
    cuts.push(cut);
  }
  if (cuts.length === 0) return { name, tags };
  const kept = [...name].filter((_, at) => !cuts.some(([from, to]) => at >= from && at < to)).join('');
  // A value that was the last token leaves its dot behind.
  return { name: kept.endsWith('.') ? kept.slice(0, -1) : kept, tags };
}
