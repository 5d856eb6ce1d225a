// Made by tools/generate-types.mjs from schemas/istio.json: Istio's PeerAuthentication. Do not edit.

export interface PeerAuthenticationSpec {
  readonly mtls?: PeerAuthenticationMtls;
  readonly portLevelMtls?: Readonly<Record<string, PeerAuthenticationMtls>>;
  readonly selector?: PeerAuthenticationSelector;
}

export interface PeerAuthenticationMtls {
  readonly mode?: 'UNSET' | 'DISABLE' | 'PERMISSIVE' | 'STRICT';
}

export interface PeerAuthenticationSelector {
  readonly matchLabels?: Readonly<Record<string, string>>;
}
