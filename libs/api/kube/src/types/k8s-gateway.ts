// Made by tools/generate-types.mjs from schemas/gateway-api.json: Gateway API's Gateway. Do not edit.

export interface K8sGatewaySpec {
  readonly addresses?: readonly K8sGatewayAddress[];
  readonly allowedListeners?: K8sGatewayAllowedListeners;
  /** Only in the experimental channel. */
  readonly defaultScope?: 'All' | 'None';
  readonly gatewayClassName: string;
  readonly infrastructure?: K8sGatewayInfrastructure;
  readonly listeners: readonly K8sGatewayListener[];
  readonly tls?: K8sGatewayTls;
}

export interface K8sGatewayAddress {
  /** Only in the experimental channel. */
  readonly routability?: string;
  readonly type: string;
  readonly value?: string;
}

export interface K8sGatewayAllowedListeners {
  readonly namespaces: K8sGatewayAllowedListenersNamespaces;
}

export interface K8sGatewayInfrastructure {
  readonly annotations?: Readonly<Record<string, string>>;
  readonly labels?: Readonly<Record<string, string>>;
  readonly parametersRef?: K8sGatewayInfrastructureParametersRef;
}

export interface K8sGatewayListener {
  readonly allowedRoutes: K8sGatewayListenerAllowedRoutes;
  /** Only in the experimental channel. */
  readonly filters?: K8sGatewayListenerFilters;
  readonly hostname?: string;
  readonly name: string;
  readonly port: number;
  readonly protocol: string;
  readonly tls?: K8sGatewayListenerTls;
}

export interface K8sGatewayTls {
  readonly backend?: K8sGatewayTlsBackend;
  readonly frontend?: K8sGatewayTlsFrontend;
}

export interface K8sGatewayAllowedListenersNamespaces {
  readonly from: 'All' | 'Selector' | 'Same' | 'None';
  readonly selector?: K8sGatewayAllowedListenersNamespacesSelector;
}

export interface K8sGatewayInfrastructureParametersRef {
  readonly group: string;
  readonly kind: string;
  readonly name: string;
}

export interface K8sGatewayListenerAllowedRoutes {
  readonly kinds?: readonly K8sGatewayListenerAllowedRoutesKind[];
  readonly namespaces: K8sGatewayListenerAllowedRoutesNamespaces;
}

export interface K8sGatewayListenerFilters {
  readonly requests?: readonly K8sGatewayListenerFiltersRequest[];
}

export interface K8sGatewayListenerTls {
  readonly certificateRefs?: readonly K8sGatewayListenerTlsCertificateRef[];
  readonly mode: 'Terminate' | 'Passthrough';
  readonly options?: Readonly<Record<string, string>>;
}

export interface K8sGatewayTlsBackend {
  readonly clientCertificateRef?: K8sGatewayListenerTlsCertificateRef;
}

export interface K8sGatewayTlsFrontend {
  readonly default: K8sGatewayTlsFrontendDefault;
  readonly perPort?: readonly K8sGatewayTlsFrontendPerPort[];
}

export interface K8sGatewayAllowedListenersNamespacesSelector {
  readonly matchExpressions?: readonly K8sGatewayAllowedListenersNamespacesSelectorMatchExpression[];
  readonly matchLabels?: Readonly<Record<string, string>>;
}

export interface K8sGatewayListenerAllowedRoutesKind {
  readonly group: string;
  readonly kind: string;
}

export interface K8sGatewayListenerAllowedRoutesNamespaces {
  readonly from: 'All' | 'Selector' | 'Same';
  readonly selector?: K8sGatewayAllowedListenersNamespacesSelector;
}

export interface K8sGatewayListenerFiltersRequest {
  readonly extensionRef?: K8sGatewayInfrastructureParametersRef;
  readonly externalAuth?: K8sGatewayListenerFiltersRequestExternalAuth;
  readonly type: 'ExternalAuth' | 'ExtensionRef';
}

export interface K8sGatewayListenerTlsCertificateRef {
  readonly group: string;
  readonly kind: string;
  readonly name: string;
  readonly namespace?: string;
}

export interface K8sGatewayTlsFrontendDefault {
  readonly validation?: K8sGatewayTlsFrontendDefaultValidation;
}

export interface K8sGatewayTlsFrontendPerPort {
  readonly port: number;
  readonly tls: K8sGatewayTlsFrontendDefault;
}

export interface K8sGatewayAllowedListenersNamespacesSelectorMatchExpression {
  readonly key: string;
  readonly operator: string;
  readonly values?: readonly string[];
}

export interface K8sGatewayListenerFiltersRequestExternalAuth {
  readonly backendRef: K8sGatewayListenerFiltersRequestExternalAuthBackendRef;
  readonly forwardBody?: K8sGatewayListenerFiltersRequestExternalAuthForwardBody;
  readonly grpc?: K8sGatewayListenerFiltersRequestExternalAuthGrpc;
  readonly http?: K8sGatewayListenerFiltersRequestExternalAuthHttp;
  readonly protocol: 'HTTP' | 'GRPC';
}

export interface K8sGatewayTlsFrontendDefaultValidation {
  readonly caCertificateRefs: readonly K8sGatewayTlsFrontendDefaultValidationCaCertificateRef[];
  readonly mode: 'AllowValidOnly' | 'AllowInsecureFallback';
}

export interface K8sGatewayListenerFiltersRequestExternalAuthBackendRef {
  readonly group: string;
  readonly kind: string;
  readonly name: string;
  readonly namespace?: string;
  readonly port?: number;
}

export interface K8sGatewayListenerFiltersRequestExternalAuthForwardBody {
  readonly maxSize?: number;
}

export interface K8sGatewayListenerFiltersRequestExternalAuthGrpc {
  readonly allowedHeaders?: readonly string[];
}

export interface K8sGatewayListenerFiltersRequestExternalAuthHttp {
  readonly allowedHeaders?: readonly string[];
  readonly allowedResponseHeaders?: readonly string[];
  readonly path?: string;
}

export interface K8sGatewayTlsFrontendDefaultValidationCaCertificateRef {
  readonly group: string;
  readonly kind: string;
  readonly name: string;
  readonly namespace?: string;
}
