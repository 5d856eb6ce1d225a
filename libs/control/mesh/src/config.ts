/** What holds for the whole mesh. */
export interface MeshConfig {
  /** Resources here are the mesh's defaults. Default `istio-system`. */
  readonly rootNamespace: string;
  /** The authority in `spiffe://…` identities. Default `cluster.local`. */
  readonly trustDomain: string;
  /** Default `cluster.local`. */
  readonly domainSuffix: string;
  /** What becomes of calls to hosts that nobody described. Default `ALLOW_ANY`. Source: OutboundTrafficPolicy.Mode. */
  readonly outboundTrafficPolicy: 'ALLOW_ANY' | 'REGISTRY_ONLY';
}

export const DEFAULT_MESH_CONFIG: MeshConfig = Object.freeze({
  rootNamespace: 'istio-system',
  trustDomain: 'cluster.local',
  domainSuffix: 'cluster.local',
  outboundTrafficPolicy: 'ALLOW_ANY',
});
