import { der, hex, pem } from '@weft/core-bytes/testing';
import { generateKeyPairSync, sign } from 'node:crypto';

/** A certificate and its key, in PEM, that tests make for themselves: none is kept in the repository. */
export interface TestCertificate {
  readonly cert: string;
  readonly key: string;
}

const ECDSA_WITH_SHA256 = '06082a8648ce3d040302';
const COMMON_NAME = '0603550403';
const SUBJECT_ALT_NAME = '0603551d11';
const BASIC_CONSTRAINTS = '0603551d13';

/** A self-signed certificate for `name`, valid from 2000 to 2049, which can be trusted as its own CA (RFC 5280). */
export function createTestCertificate(name: string): TestCertificate {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const algorithm = der(0x30, hex(ECDSA_WITH_SHA256));
  const subject = der(0x30, der(0x31, der(0x30, hex(COMMON_NAME), der(0x0c, Buffer.from(name)))));
  const validity = der(0x30, der(0x17, Buffer.from('000101000000Z')), der(0x17, Buffer.from('491231235959Z')));
  const altName = der(0x30, der(0x82, Buffer.from(name)));
  const extensions = der(
    0x30,
    der(0x30, hex(SUBJECT_ALT_NAME), der(0x04, altName)),
    der(0x30, hex(BASIC_CONSTRAINTS), hex('0101ff'), der(0x04, der(0x30, hex('0101ff')))),
  );
  const toBeSigned = der(
    0x30,
    der(0xa0, hex('020102')),
    hex('020101'),
    algorithm,
    subject,
    validity,
    subject,
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, extensions),
  );
  const signature = der(0x03, hex('00'), sign('sha256', toBeSigned, privateKey));
  return {
    cert: pem('CERTIFICATE', der(0x30, toBeSigned, algorithm, signature)),
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
  };
}
