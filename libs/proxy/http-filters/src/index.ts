import { mergeSupport, type FieldSupport } from '@weft/api-envoy';
import { supported as routerSupport } from '@weft/proxy-router';
import { corsSupport } from './cors/index.ts';
import { extAuthzSupport } from './ext-authz/index.ts';
import { onDemandFilterSupport } from './on-demand/index.ts';
import { rbacFilterSupport } from './rbac/index.ts';

export { httpFilterFactories } from './registry.ts';

/** The fields of Envoy's API that the filters here read. */
export const httpFilterSupport: FieldSupport = mergeSupport([
  routerSupport,
  corsSupport,
  extAuthzSupport,
  onDemandFilterSupport,
  rbacFilterSupport,
]);
