import { mergeSupport, type FieldSupport } from '@weft/api-envoy';
import { supported as matchSupport } from '@weft/model-match';
import { supported as policySupport } from '@weft/model-policy';
import { answerSupport } from './answer.decode.ts';
import { forwardSupport } from './forward.decode.ts';
import { routeMatchSupport } from './route-match.decode.ts';
import { routeTableSupport } from './route-table.decode.ts';
import { routeSupport } from './route.decode.ts';
import { virtualHostSupport } from './virtual-host.decode.ts';
import { weightedClusterSupport } from './weighted-clusters.decode.ts';

export type * from './route.ts';
export type { RouteDecodeOptions } from './decode-surroundings.ts';
export { decodeRouteConfiguration } from './route-table.decode.ts';
export { isGrpc, matchRoute, missingHost, type MatchContext } from './match-route.ts';
export type { AddingFilterConfig } from './level.ts';
export { redirectLocation, rewriteHost, rewritePath } from './rewrite.ts';
export { withoutPort } from './route-index.ts';

/** The fields of Envoy's API that this library implements, with those of the matchers and policies in it. */
export const supported: FieldSupport = mergeSupport([
  matchSupport,
  policySupport,
  answerSupport,
  forwardSupport,
  routeMatchSupport,
  routeSupport,
  routeTableSupport,
  virtualHostSupport,
  weightedClusterSupport,
]);
