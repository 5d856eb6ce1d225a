import { certificateAuthenticator } from '@weft/control-ca';
import type { ProxyStatus, StatusCaller } from '@weft/xds-server';
import { proxyOfNode } from './proxy-of-node.ts';

/**
 * Whose status a caller may see (CSDS): with a certificate that of its own namespace, of the root namespace everybody's; without
 * one everybody's too, for only the plaintext port has such callers, and it shows whole configurations. Source: the debug
 * endpoints over xDS of Istio.
 */
export function statusVisibility(
  trustDomain: string,
  rootNamespace: string,
): (all: readonly ProxyStatus[], caller: StatusCaller) => readonly ProxyStatus[] {
  const authenticate = certificateAuthenticator(trustDomain);
  return (all, { metadata, peerCertificate }) => {
    const caller = authenticate({ metadata, peerCertificate });
    if (caller.kind === 'none') return all;
    if (caller.kind === 'refused') return [];
    const { namespace } = caller.identity;
    if (namespace === rootNamespace) return all;
    return all.filter(({ node }) => node !== undefined && proxyOfNode(node)?.namespace === namespace);
  };
}
