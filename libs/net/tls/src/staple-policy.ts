import type { DownstreamTls } from '@weft/model-tls';
import type { ClientHello } from './client-hello.ts';
import type { CertifiedContext } from './secure-context.ts';

const STATUS_REQUEST = 5;

/** What is done about a client that asks for an OCSP response. Source: DownstreamTlsContext.OcspStaplePolicy. */
export type StapleAction = 'not asked' | 'staple' | 'omit' | 'fail';

export function stapleAction(
  policy: DownstreamTls['ocspStaplePolicy'],
  { ocsp, mustStaple }: CertifiedContext,
  hello: ClientHello | undefined,
  nowMs: number,
): StapleAction {
  if (hello?.extensions.includes(STATUS_REQUEST) !== true) return 'not asked';
  if ((ocsp?.nextUpdateMs ?? 0) > nowMs) return 'staple';
  // The certificate's own word is stronger than the policy.
  if (mustStaple || policy === 'MUST_STAPLE') return 'fail';
  return policy === 'STRICT_STAPLING' && ocsp !== undefined ? 'fail' : 'omit';
}
