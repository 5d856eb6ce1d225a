export { ControlPlane, type ControlPlaneAddresses } from './control-plane.ts';
export { runControlPlane, type ControlPlaneHost } from './run-control-plane.ts';
export { parseControlPlaneOptions, type ControlPlaneOptions } from './options.ts';
