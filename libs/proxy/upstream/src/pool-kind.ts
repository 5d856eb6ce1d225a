/** What upstream connections of one pool have in common beyond host and priority. */
export interface PoolKind {
  /** Pools of one host and priority differ in it. */
  readonly key: string;
  /** `auto`: what ALPN says. */
  readonly protocol: 'http1' | 'http2' | 'auto';
  /** What TLS offers where its configuration names nothing. */
  readonly alpn: readonly string[];
  /** The name that `auto_sni` takes from the request; undefined leaves it to the configuration. */
  readonly sni: string | undefined;
  /** Sent before anything else (PROXY protocol). */
  readonly preamble: Buffer | undefined;
}
