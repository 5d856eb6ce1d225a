/** Operators of Envoy 1.40, its formatter extensions included, that come later to Weft. Source: Envoy's access log format strings. */
export const LATER_OPERATORS: ReadonlySet<string> = new Set([
  'CEL', 'TYPED_CEL',
  // How a connection ended is known to its listener or pool only, and Node does not tell which group a key was agreed in.
  'DOWNSTREAM_DETECTED_CLOSE_TYPE', 'DOWNSTREAM_LOCAL_CLOSE_REASON', 'DOWNSTREAM_TLS_GROUP',
  'UPSTREAM_DETECTED_CLOSE_TYPE', 'UPSTREAM_LOCAL_CLOSE_REASON', 'UPSTREAM_TLS_GROUP',
]); // prettier-ignore
