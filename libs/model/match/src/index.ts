import { mergeSupport, type FieldSupport } from '@weft/api-envoy';
import { cidrSupport } from './cidr.decode.ts';
import { headerMatcherSupport } from './header-matcher.decode.ts';
import { queryParameterMatcherSupport } from './query-parameter-matcher.decode.ts';
import { stringMatcherSupport } from './string-matcher.decode.ts';

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
export { decodeRegex, decodeRegexRewrite, decodeStringMatcher, type RegexRewrite } from './string-matcher.decode.ts';
export { HeaderMatcher, matchHeaders, type HeaderTest } from './header-matcher.ts';
export { decodeHeaderMatcher, decodeHeaderMatchers } from './header-matcher.decode.ts';
export { firstQueryValue, matchQuery, type QueryParameterMatcher } from './query-parameter-matcher.ts';
export { decodeQueryParameterMatchers } from './query-parameter-matcher.decode.ts';
export { MetadataMatcher, type ValueMatcher } from './metadata-matcher.ts';
export { decodeMetadataMatcher, decodeValueMatcher, metadataMatcherSupport } from './metadata-matcher.decode.ts';
export { pathOnly } from './path.ts';
export { applyPathRules, type PathRules } from './path-rules.ts';
export { wireText } from './wire-text.ts';
export { CidrRange, anyContains, maskIp, parseIp, type IpAddress } from './cidr.ts';
export { decodeCidr } from './cidr.decode.ts';

/** The fields of Envoy's API that this library implements. */
export const supported: FieldSupport = mergeSupport([
  cidrSupport,
  headerMatcherSupport,
  queryParameterMatcherSupport,
  stringMatcherSupport,
]);
