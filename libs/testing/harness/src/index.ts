export { dockerStack, type DockerStack } from './docker.ts';
export { freePort, freePorts } from './free-port.ts';
export { call, exchange, type HttpCall, type HttpReply } from './http-call.ts';
export { kubernetesFaults, type KubernetesSchemas } from './kubernetes-schema.ts';
export { findKustomize, type Kustomize } from './kustomize.ts';
export {
  startProcess,
  startSource,
  WORKSPACE,
  type ProcessExit,
  type ProcessOptions,
  type RunningProcess,
  type SourceProgram,
} from './processes.ts';
export { startRedis, type RunningRedis } from './redis.ts';
