export { Re2, compileRe2, parseSubstitution, type Substitution } from './re2.ts';
export {
  ContainsMatcher,
  ExactMatcher,
  IgnoreCaseMatcher,
  PrefixMatcher,
  RegexMatcher,
  SuffixMatcher,
  asciiLowerCase,
  type StringMatcher,
} from './string-matcher.ts';
export {
  decodeRegex,
  decodeRegexRewrite,
  decodeStringMatcher,
  stringMatcherSupport,
  type RegexRewrite,
} from './string-matcher.decode.ts';
export { HeaderMatcher, matchHeaders, type HeaderTest } from './header-matcher.ts';
export { decodeHeaderMatcher, decodeHeaderMatchers, headerMatcherSupport } from './header-matcher.decode.ts';
export { firstQueryValue, matchQuery, type QueryParameterMatcher } from './query-parameter-matcher.ts';
export { decodeQueryParameterMatchers, queryParameterMatcherSupport } from './query-parameter-matcher.decode.ts';
export { pathOnly } from './path.ts';
export { CidrRange, anyContains, parseIp, type IpAddress } from './cidr.ts';
export { cidrSupport, decodeCidr } from './cidr.decode.ts';
