// Made by tools/generate-types.mjs from schemas/istio.json: Istio's WorkloadGroup. Do not edit.

export interface WorkloadGroupSpec {
  readonly metadata?: WorkloadGroupMetadata;
  readonly probe?: WorkloadGroupProbe;
  readonly template: WorkloadGroupTemplate;
}

export interface WorkloadGroupMetadata {
  readonly annotations?: Readonly<Record<string, string>>;
  readonly labels?: Readonly<Record<string, string>>;
}

export interface WorkloadGroupProbe {
  readonly exec?: WorkloadGroupProbeExec;
  readonly failureThreshold?: number;
  readonly grpc?: WorkloadGroupProbeGrpc;
  readonly httpGet?: WorkloadGroupProbeHttpGet;
  readonly initialDelaySeconds?: number;
  readonly periodSeconds?: number;
  readonly successThreshold?: number;
  readonly tcpSocket?: WorkloadGroupProbeTcpSocket;
  readonly timeoutSeconds?: number;
}

export interface WorkloadGroupTemplate {
  readonly address?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly locality?: string;
  readonly network?: string;
  readonly ports?: Readonly<Record<string, number>>;
  readonly serviceAccount?: string;
  readonly weight?: number;
}

export interface WorkloadGroupProbeExec {
  readonly command: readonly string[];
}

export interface WorkloadGroupProbeGrpc {
  readonly port?: number;
  readonly service?: string;
}

export interface WorkloadGroupProbeHttpGet {
  readonly host?: string;
  readonly httpHeaders?: readonly WorkloadGroupProbeHttpGetHttpHeader[];
  readonly path?: string;
  readonly port: number;
  readonly scheme?: string;
}

export interface WorkloadGroupProbeTcpSocket {
  readonly host?: string;
  readonly port: number;
}

export interface WorkloadGroupProbeHttpGetHttpHeader {
  readonly name?: string;
  readonly value?: string;
}
