import type { MeshProxy, MeshSnapshot } from '@weft/control-mesh';
import type { ObjectSet } from '@weft/control-sources';
import type { ProxyStatus, Snapshot } from '@weft/xds-server';
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
  /** Undefined until the documents were read once. */
  mesh(): MeshSnapshot | undefined;
  /** The documents, and what is wrong with those that are not taken. */
  documents(): ObjectSet;
  /** What proxies reported of their calls (LRS), added up; empty where nobody does. */
  loads(): readonly ProxyLoad[];
  /** Undefined: no versions are kept. */
  readonly history: ConfigHistory | undefined;
}

/** What one proxy sent to one cluster since the control plane knows of it. */
export interface ProxyLoad {
  /** The node's id. */
  readonly proxyId: string;
  readonly cluster: string;
  readonly succeeded: number;
  readonly failed: number;
  readonly inProgress: number;
}
