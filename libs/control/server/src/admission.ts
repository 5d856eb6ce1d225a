import { certificateAuthenticator } from '@weft/control-ca';
import type { Caller } from '@weft/xds-server';
import { namespaceOfId, proxyOfNode } from './proxy-of-node.ts';

/** A proxy that has a stream, as far as others of its id must fit it. */
export interface ConnectedProxy {
  readonly namespace: string;
  readonly serviceAccount: string;
  /** It showed a certificate. */
  readonly certified: boolean;
}

/**
 * Who may have which configuration: a caller with a certificate may be a proxy of its own namespace and service account and no
 * other, so that a stolen key shows no more of the mesh than its workload saw. Callers without one come by the plaintext port,
 * which is open to this machine alone unless its operator says otherwise; they cannot be a proxy that is
 * connected with a certificate, and what they said before it came does not bind it.
 */
export function createAdmission(
  trustDomain: string,
  connected: (id: string) => ConnectedProxy | undefined,
): (caller: Caller) => string | undefined {
  const authenticate = certificateAuthenticator(trustDomain);
  return ({ node, peerCertificate, metadata }) => {
    const caller = authenticate({ metadata, peerCertificate });
    if (caller.kind === 'refused') return caller.fault;
    const known = connected(node.id);
    if (caller.kind === 'none')
      return known?.certified === true
        ? `${node.id} is connected with a certificate, and this caller shows none`
        : undefined;
    const proxy = proxyOfNode(node);
    if (proxy === undefined) return undefined;
    const { namespace, serviceAccount } = caller.identity;
    const says = (what: string): string =>
      `the certificate is of ${namespace}/${serviceAccount}, and ${what} (metadata NAMESPACE and SERVICE_ACCOUNT)`;
    if (proxy.namespace !== namespace || proxy.serviceAccount !== serviceAccount)
      return says(`the node says that it is of ${proxy.namespace}/${proxy.serviceAccount}`);
    // What a proxy is told is kept by its id: metadata must not win over it here.
    const named = namespaceOfId(node.id);
    if (named !== namespace) return says(`the node's id is of the namespace ${named}`);
    if (known?.certified !== true || (known.namespace === namespace && known.serviceAccount === serviceAccount))
      return undefined;
    return says(`a proxy of this id is connected as ${known.namespace}/${known.serviceAccount}`);
  };
}
