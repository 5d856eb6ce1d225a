import type { DecodeContext, FieldSupport } from '@weft/api-envoy';
import type {
  RegexMatchAndSubstitute,
  RegexMatcher as RegexMessage,
} from '@weft/api-envoy/gen/envoy/type/matcher/v3/regex_pb';
import type { StringMatcher as StringMessage } from '@weft/api-envoy/gen/envoy/type/matcher/v3/string_pb';
import { compileRe2, parseSubstitution, type Re2, type Substitution } from './re2.ts';
import {
  ContainsMatcher,
  ExactMatcher,
  IgnoreCaseMatcher,
  PrefixMatcher,
  RegexMatcher,
  SuffixMatcher,
  asciiLowerCase,
  type StringMatcher,
} from './string-matcher.ts';
import { wireText } from './wire-text.ts';

export const stringMatcherSupport: FieldSupport = {
  'envoy.type.matcher.v3.StringMatcher': ['exact', 'prefix', 'suffix', 'safe_regex', 'contains', 'ignore_case'],
  'envoy.type.matcher.v3.RegexMatcher': ['google_re2', 'regex'],
  // max_program_size bounded the cost of a pattern before RE2 did; Envoy ignores it as well.
  'envoy.type.matcher.v3.RegexMatcher.GoogleRE2': ['max_program_size'],
  'envoy.type.matcher.v3.RegexMatchAndSubstitute': ['pattern', 'substitution'],
};

export function decodeStringMatcher(message: StringMessage, cx: DecodeContext): StringMatcher | undefined {
  const { matchPattern, ignoreCase } = message;
  if (matchPattern.case === 'safeRegex') {
    const re = decodeRegex(matchPattern.value, cx.at('safe_regex'));
    return re && new RegexMatcher(re);
  }
  if (matchPattern.case === 'custom') {
    cx.at('custom').error('custom string matchers are not supported');
    return undefined;
  }
  if (matchPattern.case === undefined) {
    cx.error('says nothing to match', { expected: 'exact, prefix, suffix, contains or safe_regex' });
    return undefined;
  }
  const wire = wireText(matchPattern.value);
  const text = ignoreCase ? asciiLowerCase(wire) : wire;
  const matcher = textMatcher(matchPattern.case, text);
  return ignoreCase ? new IgnoreCaseMatcher(matcher) : matcher;
}

function textMatcher(kind: 'exact' | 'prefix' | 'suffix' | 'contains', text: string): StringMatcher {
  switch (kind) {
    case 'exact':
      return new ExactMatcher(text);
    case 'prefix':
      return new PrefixMatcher(text);
    case 'suffix':
      return new SuffixMatcher(text);
    case 'contains':
      return new ContainsMatcher(text);
  }
}

export function decodeRegex(message: RegexMessage | undefined, cx: DecodeContext): Re2 | undefined {
  if (message === undefined) {
    cx.error('is missing', { expected: 'a regular expression' });
    return undefined;
  }
  const compiled = compileRe2(message.regex);
  if (!('fault' in compiled)) return compiled;
  cx.at('regex').error(`"${message.regex}" is not a regular expression of RE2: ${compiled.fault}`);
  return undefined;
}

/** A pattern with what to put in its place: `regex_rewrite`. */
export interface RegexRewrite {
  readonly re: Re2;
  readonly substitution: Substitution;
}

export function decodeRegexRewrite(
  message: RegexMatchAndSubstitute | undefined,
  cx: DecodeContext,
): RegexRewrite | undefined {
  if (message === undefined) return undefined;
  const re = decodeRegex(message.pattern, cx.at('pattern'));
  if (re === undefined) return undefined;
  const substitution = parseSubstitution(message.substitution, re.groups);
  if (substitution === undefined) {
    cx.at('substitution').error(`"${message.substitution}" refers to a group that the pattern does not have`, {
      expected: `\\0 to \\${re.groups}, or \\\\ for a backslash`,
    });
    return undefined;
  }
  return { re, substitution };
}
