export {
  cluster,
  connectionManager,
  fileLog,
  HCM_TYPE,
  listener,
  loopback,
  ROUTER_FILTER,
  routesOf,
} from './bootstraps.ts';
export { BULK_PAIRS, BulkWorld, type BulkPair, type BulkResult } from './bulk.ts';
export { CertificateAuthority, type IssuedCertificate } from './certificate-authority.ts';
export { startControlPlane, type ControlPlaneWorld } from './control-plane-process.ts';
export { dockerStack, type DockerStack } from './docker.ts';
export {
  answerDowngraded,
  DOWNGRADE_CASES,
  downgradeBootstrap,
  playDowngrade,
  type DowngradeCase,
} from './downgrade-cases.ts';
export { eventually } from './eventually.ts';
export {
  startForeignControlPlane,
  type ForeignControlPlane,
  type ForeignKind,
  type StreamEvent,
} from './foreign-control-plane.ts';
export { freePort, freePorts } from './free-port.ts';
export { findGoProgram, type GoProgram } from './go-programs.ts';
export { runH2spec, type H2specTarget, type H2specVerdict } from './h2spec.ts';
export { grpcHop } from './grpc-hop.ts';
export {
  GRPC_INTEROP_CASES,
  runInteropCase,
  startInteropServer,
  type InteropServer,
  type InteropTarget,
} from './grpc-interop.ts';
export { call, exchange, type HttpCall, type HttpReply } from './http-call.ts';
export { RawHttp2Client, type Fields, type StreamEnd } from './http2-frames.ts';
export { openIdleConnections, type IdleConnections } from './idle-connections.ts';
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
export { firstLineOf, inCache } from './program-cache.ts';
export { cpuSeconds, forgetPeak, peakResidentBytes, residentBytes } from './process-memory.ts';
export {
  besideEnvoy,
  envoyProgram,
  findEnvoy,
  PROXY_MAIN,
  runWeft,
  startEnvoy,
  startWeft,
  type ProxyStart,
  type RunningProxy,
  type Validation,
} from './proxy.ts';
export { OutageWorld, workingState, type OutageOptions, type OutageResult } from './outage.ts';
export { OrderingWorld, type OrderingOptions, type OrderingResult } from './ordering.ts';
export { RawClient } from './raw-client.ts';
export { startRedis, type RunningRedis } from './redis.ts';
export { SteadyLoad, type LoadResult } from './steady-load.ts';
export { downstreamTls, http2Upstream, upstreamTls, type UpstreamTls } from './tls-bootstraps.ts';
export { ScriptedUpstream, type Script, type ScriptedRequest } from './scripted-upstream.ts';
export { SoakWorld, type SoakOptions, type SoakResult, type SoakSample } from './soak.ts';
export { SOAK_KINDS, type SoakKind } from './soak-lanes.ts';
export {
  edsCluster,
  endpointsOf,
  FROM_ADS,
  rdsListener,
  routesTo,
  xdsBootstrap,
  type XdsBootstrap,
  type XdsForm,
} from './xds-bootstraps.ts';
export { XdsTestServer, type XdsChange } from './xds-test-server.ts';
export { XdsOrder } from './xds-order.ts';
