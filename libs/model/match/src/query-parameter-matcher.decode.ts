import type { DecodeContext, FieldSupport } from '@weft/api-envoy';
import type { QueryParameterMatcher as Message } from '@weft/api-envoy/gen/envoy/config/route/v3/route_components_pb';
import type { QueryParameterMatcher } from './query-parameter-matcher.ts';
import { decodeStringMatcher } from './string-matcher.decode.ts';

export const queryParameterMatcherSupport: FieldSupport = {
  'envoy.config.route.v3.QueryParameterMatcher': ['name', 'string_match', 'present_match'],
};

/** All of a list; those with faults are left out, and reported. */
export function decodeQueryParameterMatchers(messages: readonly Message[], cx: DecodeContext): QueryParameterMatcher[] {
  return messages.flatMap((message, i) => {
    const { name, queryParameterMatchSpecifier: how } = message;
    if (how.case !== 'stringMatch') return { name, value: undefined, present: how.case === undefined || how.value };
    const value = decodeStringMatcher(how.value, cx.at(i, 'string_match'));
    return value === undefined ? [] : { name, value, present: true };
  });
}
