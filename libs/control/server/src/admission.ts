import { certificateAuthenticator } from '@weft/control-ca';
import type { Clock } from '@weft/core-runtime';
import type { Caller } from '@weft/xds-server';
import { proxyOfNode } from './proxy-of-node.ts';

/**
 * Who may have which configuration: a caller with a certificate may be a proxy of its own namespace and service account and no
 * other, so that a stolen key shows no more of the mesh than its workload saw. Callers without one come by the plaintext port,
 * which is open to this machine alone unless its operator says otherwise.
 */
export function createAdmission(trustDomain: string, clock: Clock): (caller: Caller) => string | undefined {
  const authenticate = certificateAuthenticator(trustDomain, clock);
  return ({ node, peerCertificate, metadata }) => {
    const caller = authenticate({ metadata, peerCertificate });
    if (caller.kind === 'refused') return caller.fault;
    if (caller.kind === 'none') return undefined;
    const proxy = proxyOfNode(node);
    if (proxy === undefined) return undefined;
    const { namespace, serviceAccount } = caller.identity;
    if (proxy.namespace === namespace && proxy.serviceAccount === serviceAccount) return undefined;
    return (
      `the certificate is of ${namespace}/${serviceAccount}, and the node says that it is of ` +
      `${proxy.namespace}/${proxy.serviceAccount} (metadata NAMESPACE and SERVICE_ACCOUNT)`
    );
  };
}
