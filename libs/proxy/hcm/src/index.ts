export { createHcmFactory, type HcmExtensions } from './hcm.ts';
export { readBody } from './read-body.ts';
export { routeFilterConfigs } from './route-filter-config.decode.ts';
export { decodeHcm, supported } from './config.decode.ts';
export type { FilterConfig, HcmConfig, RouteSource } from './config.ts';
export type { AccessLogger, RequestTracer } from './prepared.ts';
export { findLocalIp } from './local-ip.ts';
