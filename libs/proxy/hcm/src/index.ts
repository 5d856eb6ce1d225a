export { createHcmFactory } from './hcm.ts';
export { decodeHcm, supported } from './config.decode.ts';
export type { FilterConfig, HcmConfig, RouteSource } from './config.ts';
export type { AccessLogger, RequestTracer } from './prepared.ts';
