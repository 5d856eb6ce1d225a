export { BOOTSTRAP_CLUSTERS } from './config-source.ts';
export { clustersAhead, translate, translateOwn, translateService, translateView } from './translate.ts';
export type { ProxyResources, ViewResources } from './resources.ts';
export { OWN_CERTIFICATE, parseOutboundCluster } from './names.ts';
export { translationSupport } from './support.ts';
export { authzWhy, type AuthzAnswer, type AuthzQuestion } from './authz-why.ts';
export type { TriedRule } from './authz-decision.ts';
export { status, statusInSteps } from './status.ts';
export { statusText, type ObjectStatus, type StatusNote } from './object-status.ts';
