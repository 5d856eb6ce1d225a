import { mergeSupport, type FieldSupport } from '@weft/api-envoy';
import { headerMutationSupport } from './header-mutations.decode.ts';
import { retryPolicySupport } from './retry-policy.decode.ts';
import { tokenBucketSupport } from './token-bucket.decode.ts';

export {
  DEFAULT_RETRY_POLICY,
  RetryOn,
  parseRetryOn,
  type RateLimitedBackOff,
  type RetryOnName,
  type RetryPolicy,
} from './retry-policy.ts';
export { decodeRetryPolicy } from './retry-policy.decode.ts';
export { isConnectFailure, mayRetry, rateLimitedDelayMs, retriesReset, retriesResponse } from './retry-decision.ts';
export {
  hasEnvoyHeaders,
  malformedOverride,
  retryPolicyOf,
  takeOverrides,
  type RequestOverrides,
} from './request-overrides.ts';
export { HeaderFormat, type FormatContext, type FormatOperator } from './header-format.ts';
export { decodeFraction } from './fraction.decode.ts';
export { decodeHeaderFormat } from './header-format.decode.ts';
export {
  applyMutations,
  type AppendAction,
  type HeaderAddition,
  type HeaderMutation,
  type HeaderMutations,
} from './header-mutations.ts';
export { decodeAddition, decodeHeaderMutation, type HeaderMutationFields } from './header-mutations.decode.ts';
export { durationMs } from './duration.ts';
export { TokenBucket, type TokenBucketConfig } from './token-bucket.ts';
export { decodeTokenBucket } from './token-bucket.decode.ts';
export { formatGrpcTimeout, grpcTimeoutMs } from './grpc-timeout.ts';

/** The fields of Envoy's API that this library implements. */
export const supported: FieldSupport = mergeSupport([headerMutationSupport, retryPolicySupport, tokenBucketSupport]);
export { DOWNSTREAM_TLS_VALUES, UPSTREAM_TLS_VALUES, type TlsValue } from './tls-values.ts';
