import type { Filter } from '@weft/api-envoy/gen/envoy/config/listener/v3/listener_components_pb';
import type { RBAC as HttpRbac } from '@weft/api-envoy/gen/envoy/extensions/filters/http/rbac/v3/rbac_pb';
import type { HttpFilter } from '@weft/api-envoy/gen/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb';
import type { RBAC as NetworkRbac } from '@weft/api-envoy/gen/envoy/extensions/filters/network/rbac/v3/rbac_pb';
import { authorizationSteps } from './authorization-steps.ts';
import type { TranslateContext } from './context.ts';
import { httpCustomAuthorization, networkCustomAuthorization } from './custom-authorization.ts';
import { pack, type Init } from './proto.ts';

/** Before the router: who may ask for what. Providers first, then denials, then what is allowed, as in Istio. */
export function httpAuthorization(cx: TranslateContext): Init<HttpFilter>[] {
  const steps = authorizationSteps(cx, 'http').map(({ rules, shadowRules, shadowPrefix }): Init<HttpFilter> => ({
    name: 'envoy.filters.http.rbac',
    configType: {
      case: 'typedConfig',
      value: pack<HttpRbac>('envoy.extensions.filters.http.rbac.v3.RBAC', {
        ...(rules === undefined ? {} : { rules }),
        ...(shadowRules === undefined ? {} : { shadowRules, shadowRulesStatPrefix: shadowPrefix }),
      }),
    },
  }));
  return [...httpCustomAuthorization(cx), ...steps];
}

/** The same for connections whose bytes nobody looks into. */
export function networkAuthorization(cx: TranslateContext): Init<Filter>[] {
  const steps = authorizationSteps(cx, 'tcp').map(({ rules, shadowRules, shadowPrefix }): Init<Filter> => ({
    name: 'envoy.filters.network.rbac',
    configType: {
      case: 'typedConfig',
      value: pack<NetworkRbac>('envoy.extensions.filters.network.rbac.v3.RBAC', {
        statPrefix: 'tcp.',
        ...(rules === undefined ? {} : { rules }),
        ...(shadowRules === undefined ? {} : { shadowRules, shadowRulesStatPrefix: shadowPrefix }),
      }),
    },
  }));
  return [...networkCustomAuthorization(cx), ...steps];
}
