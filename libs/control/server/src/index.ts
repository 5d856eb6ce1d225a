export { ControlPlane, type ControlPlaneAddresses } from './control-plane.ts';
export { runControlPlane, type ControlPlaneHost } from './run-control-plane.ts';
export { parseControlPlaneOptions, type ControlPlaneOptions } from './options.ts';
export { HttpApi, type ApiHandler, type ApiRequest, type ApiResponse, type ApiRoutes } from './http-api.ts';
export { ControlPlaneMetrics } from './metrics.ts';
export { proxyOfNode } from './proxy-of-node.ts';
