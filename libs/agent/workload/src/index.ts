export { sidecarBootstrap, type SidecarFacts } from './bootstrap.ts';
export { INSIDE, insideOf, removeAbandoned, runCaptured, type CapturedRunOptions } from './captured-run.ts';
export type { Program } from './child.ts';
export { findControlPlane, type ControlPlaneAccess } from './control-plane-access.ts';
export type { Upstream } from './option-values.ts';
export { removeStaleFolders } from './run-folder.ts';
export { parseRunOptions, type ParsedRunOptions, type RunOptions } from './run-options.ts';
export { hostNetwork, type WorkloadNetwork } from './workload-network.ts';
export { WorkloadRun, type WorkloadRunOptions } from './workload-run.ts';
