// Made by tools/generate-types.mjs from schemas/gateway-api.json: Gateway API's GRPCRoute. Do not edit.

export interface GRPCRouteSpec {
  readonly hostnames?: readonly string[];
  readonly parentRefs?: readonly GRPCRouteParentRef[];
  readonly rules?: readonly GRPCRouteRule[];
  /** Only in the experimental channel. */
  readonly useDefaultGateways?: 'All' | 'None';
}

export interface GRPCRouteParentRef {
  readonly group: string;
  readonly kind: string;
  readonly name: string;
  readonly namespace?: string;
  readonly port?: number;
  readonly sectionName?: string;
}

export interface GRPCRouteRule {
  readonly backendRefs?: readonly GRPCRouteRuleBackendRef[];
  readonly filters?: readonly GRPCRouteRuleFilter[];
  readonly matches?: readonly GRPCRouteRuleMatch[];
  readonly name?: string;
  /** Only in the experimental channel. */
  readonly sessionPersistence?: GRPCRouteRuleSessionPersistence;
}

export interface GRPCRouteRuleBackendRef {
  readonly filters?: readonly GRPCRouteRuleFilter[];
  readonly group: string;
  readonly kind: string;
  readonly name: string;
  readonly namespace?: string;
  readonly port?: number;
  readonly weight: number;
}

export interface GRPCRouteRuleFilter {
  readonly extensionRef?: GRPCRouteRuleFilterExtensionRef;
  readonly requestHeaderModifier?: GRPCRouteHeaderModifier;
  readonly requestMirror?: GRPCRouteRuleFilterRequestMirror;
  readonly responseHeaderModifier?: GRPCRouteHeaderModifier;
  readonly type: 'ResponseHeaderModifier' | 'RequestHeaderModifier' | 'RequestMirror' | 'ExtensionRef';
}

export interface GRPCRouteRuleMatch {
  readonly headers?: readonly GRPCRouteRuleMatchHeader[];
  readonly method?: GRPCRouteRuleMatchMethod;
}

export interface GRPCRouteRuleSessionPersistence {
  readonly absoluteTimeout?: string;
  readonly cookie?: GRPCRouteRuleSessionPersistenceCookie;
  readonly header?: GRPCRouteRuleSessionPersistenceHeader;
  readonly type: 'Cookie' | 'Header';
}

export interface GRPCRouteRuleFilterExtensionRef {
  readonly group: string;
  readonly kind: string;
  readonly name: string;
}

export interface GRPCRouteHeaderModifier {
  readonly add?: readonly GRPCRouteHeaderValue[];
  readonly remove?: readonly string[];
  readonly set?: readonly GRPCRouteHeaderValue[];
}

export interface GRPCRouteRuleFilterRequestMirror {
  readonly backendRef: GRPCRouteRuleFilterRequestMirrorBackendRef;
  readonly fraction?: GRPCRouteRuleFilterRequestMirrorFraction;
  readonly percent?: number;
}

export interface GRPCRouteRuleMatchHeader {
  readonly name: string;
  readonly type: 'Exact' | 'RegularExpression';
  readonly value: string;
}

export interface GRPCRouteRuleMatchMethod {
  readonly method?: string;
  readonly service?: string;
  readonly type: 'Exact' | 'RegularExpression';
}

export interface GRPCRouteRuleSessionPersistenceCookie {
  readonly lifetimeType: 'Permanent' | 'Session';
  readonly name?: string;
  readonly path: string;
}

export interface GRPCRouteRuleSessionPersistenceHeader {
  readonly name: string;
}

export interface GRPCRouteHeaderValue {
  readonly name: string;
  readonly value: string;
}

export interface GRPCRouteRuleFilterRequestMirrorBackendRef {
  readonly group: string;
  readonly kind: string;
  readonly name: string;
  readonly namespace?: string;
  readonly port?: number;
}

export interface GRPCRouteRuleFilterRequestMirrorFraction {
  readonly denominator: number;
  readonly numerator: number;
}
