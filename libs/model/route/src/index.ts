export type * from './route.ts';
export { isGrpc, matchRoute, type MatchContext } from './match-route.ts';
export { withoutPort } from './route-index.ts';
