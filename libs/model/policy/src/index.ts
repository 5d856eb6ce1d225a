export {
  DEFAULT_RETRY_POLICY,
  RetryOn,
  parseRetryOn,
  type RateLimitedBackOff,
  type RetryOnName,
  type RetryPolicy,
} from './retry-policy.ts';
export { HeaderFormat, type FormatContext, type FormatOperator } from './header-format.ts';
export {
  applyMutations,
  type AppendAction,
  type HeaderAddition,
  type HeaderMutation,
  type HeaderMutations,
} from './header-mutations.ts';
export { durationMs } from './duration.ts';
