// Made by tools/generate-types.mjs from schemas/istio.json: Istio's AuthorizationPolicy. Do not edit.

export interface AuthorizationPolicySpec {
  readonly action?: 'ALLOW' | 'DENY' | 'AUDIT' | 'CUSTOM';
  readonly provider?: AuthorizationPolicyProvider;
  readonly rules?: readonly AuthorizationPolicyRule[];
  readonly selector?: AuthorizationPolicySelector;
  readonly targetRef?: AuthorizationPolicyTargetRef;
  readonly targetRefs?: readonly AuthorizationPolicyTargetRef[];
}

export interface AuthorizationPolicyProvider {
  readonly name?: string;
}

export interface AuthorizationPolicyRule {
  readonly from?: readonly AuthorizationPolicyRuleFrom[];
  readonly to?: readonly AuthorizationPolicyRuleTo[];
  readonly when?: readonly AuthorizationPolicyRuleWhen[];
}

export interface AuthorizationPolicySelector {
  readonly matchLabels?: Readonly<Record<string, string>>;
}

export interface AuthorizationPolicyTargetRef {
  readonly group?: string;
  readonly kind: string;
  readonly name: string;
  readonly namespace?: string;
}

export interface AuthorizationPolicyRuleFrom {
  readonly source?: AuthorizationPolicyRuleFromSource;
}

export interface AuthorizationPolicyRuleTo {
  readonly operation?: AuthorizationPolicyRuleToOperation;
}

export interface AuthorizationPolicyRuleWhen {
  readonly key: string;
  readonly notValues?: readonly string[];
  readonly values?: readonly string[];
}

export interface AuthorizationPolicyRuleFromSource {
  readonly ipBlocks?: readonly string[];
  readonly namespaces?: readonly string[];
  readonly notIpBlocks?: readonly string[];
  readonly notNamespaces?: readonly string[];
  readonly notPrincipals?: readonly string[];
  readonly notRemoteIpBlocks?: readonly string[];
  readonly notRequestPrincipals?: readonly string[];
  readonly notServiceAccounts?: readonly string[];
  readonly notTrustDomains?: readonly string[];
  readonly principals?: readonly string[];
  readonly remoteIpBlocks?: readonly string[];
  readonly requestPrincipals?: readonly string[];
  readonly serviceAccounts?: readonly string[];
  readonly trustDomains?: readonly string[];
}

export interface AuthorizationPolicyRuleToOperation {
  readonly hosts?: readonly string[];
  readonly methods?: readonly string[];
  readonly notHosts?: readonly string[];
  readonly notMethods?: readonly string[];
  readonly notPaths?: readonly string[];
  readonly notPorts?: readonly string[];
  readonly paths?: readonly string[];
  readonly ports?: readonly string[];
}
