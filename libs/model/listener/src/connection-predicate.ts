/** Which connections something is for, judged before anything is read. Source: ListenerFilterChainMatchPredicate. */
export type ConnectionPredicate =
  | { readonly kind: 'any' }
  | { readonly kind: 'not'; readonly rule: ConnectionPredicate }
  | { readonly kind: 'and' | 'or'; readonly rules: readonly ConnectionPredicate[] }
  /** `start` is in the range, `end` is not. */
  | { readonly kind: 'destination-port'; readonly start: number; readonly end: number };

/** `destinationPort` is undefined for what has none (a Unix socket): no range of ports has it. */
export function predicateMatches(predicate: ConnectionPredicate, destinationPort: number | undefined): boolean {
  switch (predicate.kind) {
    case 'any':
      return true;
    case 'not':
      return !predicateMatches(predicate.rule, destinationPort);
    case 'and':
      return predicate.rules.every((rule) => predicateMatches(rule, destinationPort));
    case 'or':
      return predicate.rules.some((rule) => predicateMatches(rule, destinationPort));
    case 'destination-port':
      return destinationPort !== undefined && destinationPort >= predicate.start && destinationPort < predicate.end;
  }
}
