import type { CertificateAuthority } from '@weft/control-ca';
import type { JsonObject } from '@bufbuild/protobuf';
import type { MeshProxy, MeshSnapshot, ObjectRef } from '@weft/control-mesh';
import type { ObjectSet } from '@weft/control-sources';
import type { MetricFamily, ProxyStatus, Snapshot } from '@weft/xds-server';
import type { ConfigHistory } from './config-history.ts';

/** What the endpoints are answered from. The control plane implements it; each method is cheap and gives what is there now. */
export interface DebugSource {
  /** Of the control plane: `weft-control-plane`. */
  readonly name: string;
  readonly version: string;
  /** Every stream that is open. */
  proxies(): readonly ProxyStatus[];
  /** Who a node is in the mesh; undefined where its id has no known form. */
  meshProxy(nodeId: string): MeshProxy | undefined;
  /** What a node is to have. */
  snapshotOf(nodeId: string): Snapshot | undefined;
  /** What a node is not told as the documents say, since proxies would refuse it. */
  withheld(nodeId: string): readonly WithheldPart[];
  /** Undefined until the documents were read once. */
  mesh(): MeshSnapshot | undefined;
  /** The documents, and what is wrong with those that are not taken. */
  documents(): ObjectSet;
  /** What proxies reported of their calls (LRS), added up; empty where nobody does. */
  loads(): readonly ProxyLoad[];
  /** The last entries that a proxy sent to the access log service, the youngest last. */
  accessLogs(nodeId: string): readonly LoggedCall[];
  /** What a proxy last sent to the metrics service, by name. */
  metrics(nodeId: string): readonly MetricFamily[];
  /** Lets what else the process has to do have its turn, where an answer takes long. */
  rest(): Promise<void>;
  /** Undefined: it gives out no certificates. */
  readonly authority: AuthoritySource | undefined;
  /** Undefined: no versions are kept. */
  readonly history: ConfigHistory | undefined;
}

/** One part of a resource that proxies would refuse. */
export interface WithheldPart {
  /** Empty: of all resources. */
  readonly typeUrl: string;
  readonly name: string;
  /** In the resource, by the names of the API. */
  readonly path: string;
  readonly message: string;
  /** What is told instead, in a sentence. */
  readonly outcome: string;
  readonly documents: readonly ObjectRef[];
}

/** One entry of a proxy's access log. */
export interface LoggedCall {
  readonly logName: string;
  /** Wall clock, in milliseconds. */
  readonly receivedMs: number;
  /** envoy.data.accesslog.v3 in JSON, under the names of the API. */
  readonly entry: JsonObject;
}

/** Who signs. */
export type AuthoritySource = Pick<CertificateAuthority, 'report' | 'rotateRoot'>;

/** What one proxy sent to one cluster since the control plane knows of it. */
export interface ProxyLoad {
  /** The node's id. */
  readonly proxyId: string;
  readonly cluster: string;
  readonly succeeded: number;
  readonly failed: number;
  readonly inProgress: number;
}
