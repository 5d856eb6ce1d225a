import type { DecodeContext, FieldSupport } from '@weft/api-envoy';
import type { HeaderMatcher as Message } from '@weft/api-envoy/gen/envoy/config/route/v3/route_components_pb';
import { HeaderMatcher, type HeaderTest } from './header-matcher.ts';
import { decodeRegex, decodeStringMatcher } from './string-matcher.decode.ts';
import {
  ContainsMatcher,
  ExactMatcher,
  PrefixMatcher,
  RegexMatcher,
  SuffixMatcher,
  type StringMatcher,
} from './string-matcher.ts';
import { wireText } from './wire-text.ts';

export const headerMatcherSupport: FieldSupport = {
  'envoy.config.route.v3.HeaderMatcher': [
    'name',
    'exact_match',
    'safe_regex_match',
    'range_match',
    'present_match',
    'prefix_match',
    'suffix_match',
    'contains_match',
    'string_match',
    'invert_match',
    'treat_missing_header_as_empty',
  ],
  'envoy.type.v3.Int64Range': ['start', 'end'],
};

export function decodeHeaderMatcher(message: Message, cx: DecodeContext): HeaderMatcher | undefined {
  const test = decodeTest(message, cx);
  if (test === undefined) return undefined;
  return new HeaderMatcher(message.name.toLowerCase(), test, {
    invert: message.invertMatch,
    treatMissingAsEmpty: message.treatMissingHeaderAsEmpty,
  });
}

/** All of a list; those with faults are left out, and reported. */
export function decodeHeaderMatchers(messages: readonly Message[], cx: DecodeContext): HeaderMatcher[] {
  return messages.flatMap((message, i) => decodeHeaderMatcher(message, cx.at(i)) ?? []);
}

function decodeTest(message: Message, cx: DecodeContext): HeaderTest | undefined {
  const { headerMatchSpecifier: how } = message;
  switch (how.case) {
    case 'exactMatch':
      return value(new ExactMatcher(wireText(how.value)));
    case 'prefixMatch':
      return value(new PrefixMatcher(wireText(how.value)));
    case 'suffixMatch':
      return value(new SuffixMatcher(wireText(how.value)));
    case 'containsMatch':
      return value(new ContainsMatcher(wireText(how.value)));
    case 'safeRegexMatch': {
      const re = decodeRegex(how.value, cx.at('safe_regex_match'));
      return re && value(new RegexMatcher(re));
    }
    case 'stringMatch': {
      const matcher = decodeStringMatcher(how.value, cx.at('string_match'));
      return matcher && value(matcher);
    }
    case 'rangeMatch':
      return { kind: 'range', start: Number(how.value.start), end: Number(how.value.end) };
    case 'presentMatch':
      return { kind: 'present', present: how.value };
    case undefined:
      return { kind: 'present', present: true };
  }
}

function value(matcher: StringMatcher): HeaderTest {
  return { kind: 'value', matcher };
}
