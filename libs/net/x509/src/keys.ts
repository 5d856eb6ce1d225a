import { createPrivateKey, generateKeyPair, type KeyObject, type webcrypto } from 'node:crypto';
import { promisify } from 'node:util';

export interface KeyPair {
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

const generate = promisify(generateKeyPair);
const MIN_RSA_BITS = 2048;
const MAX_RSA_BITS = 8192;

/** ECDSA P-256, what Istio's agent asks for with `ECC_SIGNATURE_ALGORITHM=ECDSA`. */
export async function generateKeys(): Promise<KeyPair> {
  return generate('ec', { namedCurve: 'prime256v1' });
}

/** PKCS #8. */
export function privateKeyPem(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' }) as string;
}

/** PKCS #8, PKCS #1 or SEC 1, not encrypted. Undefined: the text is no such key. */
export function readPrivateKey(pem: string): KeyObject | undefined {
  try {
    return createPrivateKey(pem);
  } catch {
    return undefined;
  }
}

/** Why a public key is not good enough for a certificate; undefined when it is. */
export function keyFault(key: KeyObject): string | undefined {
  const { namedCurve, modulusLength = 0, publicExponent = 0n } = key.asymmetricKeyDetails ?? {};
  if (key.asymmetricKeyType === 'ec') {
    if (namedCurve === 'prime256v1' || namedCurve === 'secp384r1') return undefined;
    return `its key is on the curve ${namedCurve ?? 'of unknown name'}; P-256 and P-384 are accepted`;
  }
  if (key.asymmetricKeyType !== 'rsa')
    return `its key is of type ${key.asymmetricKeyType ?? 'unknown'}; EC and RSA keys are accepted`;
  if (modulusLength < MIN_RSA_BITS || modulusLength > MAX_RSA_BITS)
    return `its RSA key has ${modulusLength} bits; ${MIN_RSA_BITS} to ${MAX_RSA_BITS} are accepted`;
  // Small and even exponents are broken or no RSA at all. Source: FIPS 186-5, A.1.1.
  if (publicExponent < 65_537n || publicExponent % 2n === 0n) return `its RSA key has the exponent ${publicExponent}`;
  return undefined;
}

type Algorithm = webcrypto.EcKeyImportParams | webcrypto.RsaHashedImportParams;

/** How a key signs. Elliptic curves of P-384 sign with the hash of their own strength. */
export function signingAlgorithm(key: KeyObject): Algorithm & { readonly hash: string } {
  if (key.asymmetricKeyType !== 'ec') return { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' };
  const strong = key.asymmetricKeyDetails?.namedCurve === 'secp384r1';
  return { name: 'ECDSA', namedCurve: strong ? 'P-384' : 'P-256', hash: strong ? 'SHA-384' : 'SHA-256' };
}

/** For the library, which signs by way of Web Crypto. */
export function webKey(key: KeyObject): webcrypto.CryptoKey {
  const usage = key.type === 'private' ? 'sign' : 'verify';
  // Extractable: public keys are written into certificates, and the private ones of this process are exported by design.
  return key.toCryptoKey(signingAlgorithm(key), true, [usage]);
}
