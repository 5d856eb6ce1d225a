import type { DecodeContext, FieldSupport } from '@weft/api-envoy';
import type { MetadataMatcher as Message } from '@weft/api-envoy/gen/envoy/type/matcher/v3/metadata_pb';
import type { ValueMatcher as ValueMessage } from '@weft/api-envoy/gen/envoy/type/matcher/v3/value_pb';
import { decodeStringMatcher } from './string-matcher.decode.ts';
import { MetadataMatcher, type ValueMatcher } from './metadata-matcher.ts';

export const metadataMatcherSupport: FieldSupport = {
  'envoy.type.matcher.v3.MetadataMatcher': ['filter', 'path', 'value', 'invert'],
  'envoy.type.matcher.v3.MetadataMatcher.PathSegment': ['key'],
  'envoy.type.matcher.v3.ValueMatcher': [
    'null_match', 'double_match', 'string_match', 'bool_match', 'present_match', 'list_match', 'or_match',
  ],
  'envoy.type.matcher.v3.ValueMatcher.NullMatch': [],
  'envoy.type.matcher.v3.ListMatcher': ['one_of'],
  'envoy.type.matcher.v3.OrMatcher': ['value_matchers'],
  'envoy.type.matcher.v3.DoubleMatcher': ['range', 'exact'],
  'envoy.type.v3.DoubleRange': ['start', 'end'],
}; // prettier-ignore

export function decodeMetadataMatcher(message: Message, cx: DecodeContext): MetadataMatcher | undefined {
  if (message.value === undefined) {
    cx.at('value').error('is missing', { expected: 'what to compare with' });
    return undefined;
  }
  const value = decodeValueMatcher(message.value, cx.at('value'));
  const path = message.path.map(({ segment }) => (segment.case === 'key' ? segment.value : ''));
  return value && new MetadataMatcher(message.filter, path, value, message.invert);
}

/** A test of one JSON value. What says nothing, or nothing right, is a fault. */
export function decodeValueMatcher(message: ValueMessage, cx: DecodeContext): ValueMatcher | undefined {
  const { matchPattern: how } = message;
  switch (how.case) {
    case 'nullMatch':
      return (value) => value === null;
    case 'boolMatch':
      return (value) => value === how.value;
    case 'presentMatch':
      return (value) => (value !== undefined) === how.value;
    case 'stringMatch': {
      const matcher = decodeStringMatcher(how.value, cx.at('string_match'));
      return matcher && ((value) => typeof value === 'string' && matcher.matches(value));
    }
    case 'doubleMatch': {
      const { case: kind, value: wanted } = how.value.matchPattern;
      if (kind === 'exact') return (value) => value === wanted;
      if (kind === 'range') return (value) => typeof value === 'number' && value >= wanted.start && value < wanted.end;
      break;
    }
    case 'listMatch': {
      const { matchPattern: one } = how.value;
      const inner = one.case === 'oneOf' ? decodeValueMatcher(one.value, cx.at('list_match', 'one_of')) : undefined;
      return inner && ((value) => Array.isArray(value) && value.some(inner));
    }
    case 'orMatch': {
      const all = how.value.valueMatchers.map((one, i) =>
        decodeValueMatcher(one, cx.at('or_match', 'value_matchers', i)),
      );
      return (value) => all.some((one) => one?.(value) === true);
    }
    case undefined:
      break;
  }
  cx.error('says nothing to match', {
    expected: 'string_match, bool_match, double_match, null_match, present_match …',
  });
  return undefined;
}
