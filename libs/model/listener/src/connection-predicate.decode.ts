import type { DecodeContext, FieldSupport } from '@weft/api-envoy';
import type { ListenerFilterChainMatchPredicate } from '@weft/api-envoy/gen/envoy/config/listener/v3/listener_components_pb';
import type { ConnectionPredicate } from './connection-predicate.ts';

export const predicateSupport: FieldSupport = {
  'envoy.config.listener.v3.ListenerFilterChainMatchPredicate': ['or_match', 'and_match', 'not_match', 'any_match', 'destination_port_range'],
  'envoy.config.listener.v3.ListenerFilterChainMatchPredicate.MatchSet': ['rules'],
  'envoy.type.v3.Int32Range': ['start', 'end'],
}; // prettier-ignore

/** Undefined where the message says nothing: nothing matches then. */
export function decodePredicate(
  message: ListenerFilterChainMatchPredicate | undefined,
  cx: DecodeContext,
): ConnectionPredicate | undefined {
  if (message === undefined) return undefined;
  const { rule } = message;
  switch (rule.case) {
    case 'anyMatch':
      return { kind: 'any' };
    case 'notMatch': {
      const inner = decodePredicate(rule.value, cx.at('not_match'));
      return inner === undefined ? undefined : { kind: 'not', rule: inner };
    }
    case 'andMatch':
    case 'orMatch': {
      const kind = rule.case === 'andMatch' ? 'and' : 'or';
      const rules = rule.value.rules.flatMap(
        (one, i) => decodePredicate(one, cx.at(`${kind}_match`, 'rules', i)) ?? [],
      );
      return { kind, rules };
    }
    case 'destinationPortRange':
      return { kind: 'destination-port', start: rule.value.start, end: rule.value.end };
    default:
      cx.error('is empty', { expected: 'a rule, for example any_match: true' });
      return undefined;
  }
}
