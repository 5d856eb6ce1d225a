import type { TLSSocket } from 'node:tls';
import type { ClientHello } from './client-hello.ts';

/** Key exchange groups by their numbers (RFC 8446 section 4.2.7), under the names that Envoy configures and counts. */
const GROUPS: Readonly<Record<string, number>> = {
  X25519MLKEM768: 0x11ec,
  X25519: 0x001d,
  'P-256': 0x0017,
  'P-384': 0x0018,
  'P-521': 0x0019,
};
const OPENSSL_NAMES: Readonly<Record<string, string>> = { prime256v1: 'P-256', secp384r1: 'P-384', secp521r1: 'P-521' };

/**
 * The group that a server with these `curves` agrees upon, best first. Node does not tell a server, so it is told from the
 * ClientHello by the rule that the library follows: its own order, among the groups with a key where the client sent keys.
 */
export function serverGroup(hello: ClientHello | undefined, curves: readonly string[], version: string): string {
  if (hello === undefined) return '';
  // Hybrid groups are TLS 1.3's alone.
  const usable = version === 'TLSv1.3' ? curves : curves.filter((curve) => !curve.includes('MLKEM'));
  const among = (numbers: readonly number[]): string | undefined =>
    usable.find((curve) => numbers.includes(GROUPS[curve] ?? -1));
  return (version === 'TLSv1.3' ? among(hello.keyShares) : undefined) ?? among(hello.groups) ?? '';
}

/** The same for a client, which Node tells. */
export function clientGroup(socket: TLSSocket): string {
  const { name = '' } = socket.getEphemeralKeyInfo() as { name?: string };
  return OPENSSL_NAMES[name] ?? name;
}
