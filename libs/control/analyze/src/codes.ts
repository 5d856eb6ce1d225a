/** How bad a message is. */
export type Level = 'Error' | 'Warning' | 'Info';

export interface CodeInfo {
  readonly name: string;
  readonly level: Level;
  /** What the code says, as docs/analyze.md has it. */
  readonly meaning: string;
}

/** Every code. Those that begin with IST are Istio's and mean what they mean there; those with WFT are Weft's own. */
export const CODES = {
  IST0002: { name: 'Deprecated', level: 'Warning', meaning: 'a field is used that another one has replaced' },
  IST0101: {
    name: 'ReferencedResourceNotFound',
    level: 'Error',
    meaning: 'a gateway, host, subset, secret or other resource that is named does not exist',
  },
  IST0106: {
    name: 'SchemaValidationError',
    level: 'Error',
    meaning: 'the resource is not what its schema asks for, and is refused',
  },
  IST0107: {
    name: 'MisplacedAnnotation',
    level: 'Warning',
    meaning: 'an annotation stands on a kind that it does nothing for',
  },
  IST0108: { name: 'UnknownAnnotation', level: 'Warning', meaning: "nobody knows an annotation of Istio's own names" },
  IST0109: {
    name: 'ConflictingMeshGatewayVirtualServiceHosts',
    level: 'Error',
    meaning: 'two VirtualServices of the mesh claim one host; only the older one has an effect',
  },
  IST0110: {
    name: 'ConflictingSidecarWorkloadSelectors',
    level: 'Error',
    meaning: 'two Sidecars select the same workloads',
  },
  IST0111: {
    name: 'MultipleSidecarsWithoutWorkloadSelectors',
    level: 'Error',
    meaning: 'two Sidecars are for a whole namespace',
  },
  IST0112: {
    name: 'VirtualServiceDestinationPortSelectorRequired',
    level: 'Error',
    meaning: 'a destination has several ports, and none is named',
  },
  IST0113: {
    name: 'MTLSPolicyConflict',
    level: 'Error',
    meaning: 'clients are told to use plaintext towards workloads that take mutual TLS only',
  },
  IST0116: {
    name: 'DeploymentAssociatedToMultipleServices',
    level: 'Warning',
    meaning: 'two Services name different protocols for one port of the same workloads',
  },
  IST0118: {
    name: 'PortNameIsNotUnderNamingConvention',
    level: 'Info',
    meaning: 'the name of a port does not tell its protocol, which is then told by the first bytes',
  },
  IST0123: {
    name: 'NamespaceMultipleInjectionLabels',
    level: 'Warning',
    meaning: 'a namespace has both labels of injection',
  },
  IST0125: { name: 'InvalidAnnotation', level: 'Warning', meaning: 'an annotation has a value that it cannot have' },
  IST0127: { name: 'NoMatchingWorkloadsFound', level: 'Warning', meaning: 'a selector selects no workload' },
  IST0128: {
    name: 'NoServerCertificateVerificationDestinationLevel',
    level: 'Warning',
    meaning: "TLS is begun and the server's certificate is not verified",
  },
  IST0129: { name: 'NoServerCertificateVerificationPortLevel', level: 'Warning', meaning: 'the same, for one port' },
  IST0130: {
    name: 'VirtualServiceUnreachableRule',
    level: 'Warning',
    meaning: 'rules before it take every request of a rule',
  },
  IST0131: {
    name: 'VirtualServiceIneffectiveMatch',
    level: 'Info',
    meaning: 'rules before it take every request of one match',
  },
  IST0132: {
    name: 'VirtualServiceHostNotFoundInGateway',
    level: 'Warning',
    meaning: 'a gateway that a VirtualService is bound to does not serve its host',
  },
  IST0134: {
    name: 'ServiceEntryAddressesRequired',
    level: 'Warning',
    meaning: 'a TCP port of a ServiceEntry can be told from others by an address only, and it has none',
  },
  IST0145: { name: 'ConflictingGateways', level: 'Error', meaning: 'two Gateways have one selector, port and host' },
  WFT0101: {
    name: 'RetriesWithoutRetryOn',
    level: 'Info',
    meaning: 'retries do not say what is retried: the default is told',
  },
  WFT0102: {
    name: 'CookieRegexMissesLaterCookies',
    level: 'Warning',
    meaning: 'a regular expression for a cookie matches only where no space stands before it, and browsers put one',
  },
  WFT0103: {
    name: 'PortNameContradictsPort',
    level: 'Error',
    meaning: 'a port is named for HTTP, and its number is of a protocol that never is HTTP',
  },
  WFT0104: {
    name: 'DuplicateResource',
    level: 'Error',
    meaning: 'two documents have the same kind, namespace and name',
  },
  WFT0105: {
    name: 'DestinationRuleHostNotFound',
    level: 'Warning',
    meaning: 'a DestinationRule is for a host that nobody describes',
  },
  WFT0106: {
    name: 'ConflictingDestinationRules',
    level: 'Warning',
    meaning: "two DestinationRules are for one host; the older one's policy holds",
  },
  WFT0107: {
    name: 'AuthorizationDeniesEverything',
    level: 'Warning',
    meaning: 'an ALLOW policy without rules allows nothing',
  },
  WFT0108: {
    name: 'RouteNotAttached',
    level: 'Error',
    meaning: "a route's parent does not exist, or does not take it",
  },
  WFT0109: {
    name: 'ReferenceNotGranted',
    level: 'Error',
    meaning: 'a resource of another namespace is used without its ReferenceGrant',
  },
  WFT0110: {
    name: 'ConflictingPeerAuthentications',
    level: 'Warning',
    meaning: 'two PeerAuthentications are for the same workloads; the older one holds',
  },
  WFT0111: {
    name: 'TimeoutCutsRetries',
    level: 'Warning',
    meaning: 'the timeout of all tries together is not longer than that of one',
  },
  WFT0112: {
    name: 'DestinationPortNotFound',
    level: 'Error',
    meaning: "a destination's port is not a port of its service",
  },
  WFT0113: {
    name: 'SubsetSelectsNothing',
    level: 'Warning',
    meaning: 'no endpoint of the host has the labels of a subset',
  },
  WFT0114: {
    name: 'KindNotTaken',
    level: 'Info',
    meaning: 'a document is of a kind that the control plane does not read',
  },
  WFT0115: {
    name: 'AuthorizationProviderNotFound',
    level: 'Error',
    meaning: 'a CUSTOM policy names a provider that cannot be asked; everything that it is about is denied',
  },
  WFT0116: {
    name: 'SeveralAuthorizationProviders',
    level: 'Error',
    meaning: 'CUSTOM policies of one workload name different providers; everything that they are about is denied',
  },
  WFT0117: { name: 'DryRunOfCustom', level: 'Warning', meaning: 'a CUSTOM policy in a dry run does nothing' },
  WFT0118: {
    name: 'MeshConfigNotUsed',
    level: 'Warning',
    meaning: 'the ConfigMap istio is not in the root namespace, and nobody reads it',
  },
  WFT0119: {
    name: 'HostMayRegister',
    level: 'Warning',
    meaning: 'no document describes a host of the mesh; a workload may register for it',
  },
  WFT0120: {
    name: 'DelegateIgnored',
    level: 'Warning',
    meaning:
      'a delegate is not exported to who names it, or a rule of it matches what the rule that delegates does not',
  },
  WFT0121: {
    name: 'DelegateNotUsed',
    level: 'Warning',
    meaning: 'a VirtualService has no hosts, and none delegates to it',
  },
  WFT0122: {
    name: 'PortOfNoWorkload',
    level: 'Warning',
    meaning: 'a PeerAuthentication says something of a port at which none of its workloads listens',
  },
  WFT0123: {
    name: 'EgressListenerWithoutService',
    level: 'Warning',
    meaning: 'an egress listener of a Sidecar is for services that are not there or have not its port',
  },
  WFT0124: {
    name: 'IngressTlsNotUsed',
    level: 'Warning',
    meaning: 'TLS of an ingress listener stands at a port that takes mutual TLS',
  },
} as const satisfies Readonly<Record<string, CodeInfo>>;

export type Code = keyof typeof CODES;
