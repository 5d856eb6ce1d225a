import type { Certificate } from './certificate.ts';
import { derElements, BIT_STRING } from './der.ts';
import { extensionOf } from './subject-alt-names.ts';

const KEY_USAGE = '2.5.29.15';
const DIGITAL_SIGNATURE = 0x80;
const KEY_ENCIPHERMENT = 0x20;

/**
 * True where an RSA certificate names its uses (RFC 5280 section 4.2.1.3), and the one that this cipher suite makes of it is not
 * among them: signing, or with the suites of old that have no ECDHE, decrypting.
 */
export function keyUsageIsWrong({ x509 }: Certificate, cipher: string): boolean {
  if (x509.publicKey.asymmetricKeyType !== 'rsa') return false;
  const value = extensionOf(x509.raw, KEY_USAGE);
  const [bits] = value === undefined ? [] : (derElements(value) ?? []);
  if (bits?.tag !== BIT_STRING) return false;
  const needed = cipher.startsWith('TLS_') || cipher.includes('DHE-') ? DIGITAL_SIGNATURE : KEY_ENCIPHERMENT;
  return ((bits.content[1] ?? 0) & needed) === 0;
}
