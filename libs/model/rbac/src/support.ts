import { mergeSupport, type FieldSupport } from '@weft/api-envoy';
import { metadataMatcherSupport, supported as matchSupport } from '@weft/model-match';
import { mtlsPrincipalSupport } from './mtls-principal.decode.ts';
import { permissionSupport } from './permission.decode.ts';
import { principalSupport } from './principal.decode.ts';

/** The fields of Envoy's API that this library implements. */
export const rbacSupport: FieldSupport = mergeSupport([
  { 'envoy.config.rbac.v3.RBAC': ['action', 'policies'], 'envoy.config.rbac.v3.Policy': ['permissions', 'principals'] },
  permissionSupport,
  principalSupport,
  mtlsPrincipalSupport,
  metadataMatcherSupport,
  matchSupport,
]);
