import type { GrpcServerCall } from '@weft/core-grpc';
import { parseIdentity, type WorkloadIdentity } from '@weft/model-identity';
import { certificateFacts } from '@weft/net-x509';
import type { Clock } from '@weft/core-runtime';
import type { TokenAuthority } from './workload-token.ts';

/** What of a call tells who makes it. */
export type Credentials = Pick<GrpcServerCall, 'metadata' | 'peerCertificate'>;

/** `none`: the call carries no credential of this kind. */
export type Authentication =
  | { readonly kind: 'caller'; readonly identity: WorkloadIdentity; readonly by: 'token' | 'certificate' }
  | { readonly kind: 'refused'; readonly fault: string }
  | { readonly kind: 'none' };

export type Authenticator = (credentials: Credentials) => Authentication;

/** `authorization: Bearer …`. */
export function tokenAuthenticator(tokens: TokenAuthority): Authenticator {
  return ({ metadata }) => {
    const value = metadata.find(([name]) => name === 'authorization')?.[1];
    const token = /^Bearer (\S+)$/i.exec(value ?? '')?.[1];
    if (token === undefined) return { kind: 'none' };
    const checked = tokens.verify(token);
    if (!checked.ok) return { kind: 'refused', fault: `the token is refused: ${checked.fault}` };
    return { kind: 'caller', identity: checked.value.identity, by: 'token' };
  };
}

/**
 * The certificate of the connection, which TLS verified against the trust bundle when the connection was made. Its trust domain
 * must be ours: the bundle may hold roots of others. With a clock it has to be valid now, too, as for a renewal. Without one a
 * new stream on a standing connection is judged as the connection was: a client renews long before, and cannot tell that
 * the connection, which other streams keep open, has still the certificate before.
 */
export function certificateAuthenticator(trustDomain: string, clock?: Clock): Authenticator {
  return ({ peerCertificate }) => {
    if (peerCertificate === undefined) return { kind: 'none' };
    const refused = (fault: string): Authentication => ({
      kind: 'refused',
      fault: `the certificate is refused: ${fault}`,
    });
    const facts = certificateFacts(peerCertificate);
    if (facts === undefined) return refused('it cannot be read');
    if (clock !== undefined && facts.notAfterMs <= clock.wallMs()) return refused('it has expired');
    if (facts.authority) return refused('it is an authority');
    const [uri, ...more] = facts.uris;
    if (uri === undefined || more.length > 0) return refused(`it has ${facts.uris.length} URIs as names, not one`);
    const identity = parseIdentity(uri);
    if (!identity.ok) return refused(identity.fault);
    if (identity.value.trustDomain !== trustDomain) return refused(`${uri} is not of the trust domain ${trustDomain}`);
    return { kind: 'caller', identity: identity.value, by: 'certificate' };
  };
}

/** The first that knows the caller decides; else why not. */
export function authenticate(authenticators: readonly Authenticator[], credentials: Credentials): Authentication {
  const answers = authenticators.map((authenticator) => authenticator(credentials));
  const faults = answers.flatMap((answer) => (answer.kind === 'refused' ? [answer.fault] : []));
  return (
    answers.find(({ kind }) => kind === 'caller') ??
    (faults.length > 0 ? { kind: 'refused', fault: faults.join('; ') } : { kind: 'none' })
  );
}
