export { applyCapture, cleanCapture, verifyCapture } from './capture.ts';
export { DEFAULT_CAPTURE, chainRules, restoreText, type CaptureOptions } from './capture-rules.ts';
export { Iptables, type Backend, type CaptureReport } from './iptables.ts';
export {
  MACHINE,
  createNamespace,
  removeAbandonedNamespaces,
  removeNamespace,
  type NetworkNamespace,
  type NetworkSystem,
} from './network-namespace.ts';
export { machineLock, type NetworkLock } from './network-lock.ts';
export { Relay } from './relay.ts';
export { runCommand, inNamespace, type CommandResult, type RunCommand } from './run-command.ts';
export { captureCommand, type CommandOutcome } from './capture-command.ts';
