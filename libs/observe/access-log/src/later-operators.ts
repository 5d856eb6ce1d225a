/** Operators of Envoy 1.40, its formatter extensions included, that come later to Weft. Source: Envoy's access log format strings. */
export const LATER_OPERATORS: ReadonlySet<string> = new Set([
  'CEL', 'TYPED_CEL',
  // Node does not tell servers which group a key was agreed in, nor clients where it is a hybrid one.
  'DOWNSTREAM_TLS_GROUP', 'UPSTREAM_TLS_GROUP',
]); // prettier-ignore
