export { evaluate, type Rbac, type RbacDecision, type RbacPolicy } from './rbac.ts';
export { decodeRbac } from './rbac.decode.ts';
export { rbacSupport } from './support.ts';
export type { RbacRequest, RequestTest } from './request.ts';
export { decodeMetadataMatcher, decodeValueMatcher, MetadataMatcher, type ValueMatcher } from '@weft/model-match';
