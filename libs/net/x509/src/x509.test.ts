import assert from 'node:assert/strict';
import { generateKeyPairSync, X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import { certificateFacts, isSignedBy, keyFits } from './certificate-facts.ts';
import { issueAuthority, issueLeaf, type Issuer } from './issue-certificate.ts';
import { generateKeys, privateKeyPem, readPrivateKey, type KeyPair } from './keys.ts';
import { certificateDer, certificatePem, splitCertificates } from './pem.ts';
import { createSigningRequest, readSigningRequest } from './signing-request.ts';

const URI = 'spiffe://cluster.local/ns/videos/sa/web';
const DATES = { notBeforeMs: 1_700_000_000_000, notAfterMs: 1_700_086_400_000 };

async function authority(keys: KeyPair, issuer?: Issuer): Promise<Issuer> {
  const wishes = {
    keys,
    organization: 'cluster.local',
    commonName: 'root',
    uri: 'spiffe://cluster.local',
    serial: '01',
  };
  return { certificate: await issueAuthority({ ...wishes, ...DATES }, issuer), key: keys.privateKey };
}

test('a request carries its key, its names and the proof of possession', async () => {
  const keys = await generateKeys();
  const read = await readSigningRequest(await createSigningRequest(keys, [URI]));
  assert.ok(read.ok);
  assert.deepEqual(read.value.uris, [URI]);
  assert.equal(read.value.otherNames, 0);
  assert.ok(read.value.publicKey.equals(keys.publicKey));
  const nameless = await readSigningRequest(await createSigningRequest(keys, []));
  assert.ok(nameless.ok && nameless.value.uris.length === 0);
});

test('a request with a broken signature, a weak key, or no form is refused', async () => {
  const good = await createSigningRequest(await generateKeys(), [URI]);
  const der = Buffer.from(good.replace(/-----[^-]+-----|\s/g, ''), 'base64');
  der[der.length - 1] = (der.at(-1) ?? 0) ^ 1;
  const pem = (bytes: Buffer): string =>
    `-----BEGIN CERTIFICATE REQUEST-----\n${bytes.toString('base64')}\n-----END CERTIFICATE REQUEST-----\n`;
  const weak = generateKeyPairSync('rsa', { modulusLength: 1024 });
  const curve = generateKeyPairSync('ec', { namedCurve: 'secp521r1' });
  const table: readonly (readonly [string, RegExp])[] = [
    [pem(der), /signature is not made with its key|not a PKCS #10/],
    [await createSigningRequest(weak, [URI]), /1024 bits/],
    [pem(Buffer.from(curveRequest(curve.publicKey))), /not a PKCS #10 request/],
    [pem(Buffer.from('3003020101', 'hex')), /not a PKCS #10 request/],
    ['', /not PEM/],
    [`${good}${'x'.repeat(20_000)}`, /characters; 16384 are allowed/],
  ];
  for (const [text, reason] of table) {
    const read = await readSigningRequest(text);
    assert.ok(!read.ok);
    assert.match(read.fault, reason);
  }
});

/** A key alone, where a request should be. */
function curveRequest(key: KeyPair['publicKey']): Buffer {
  return key.export({ type: 'spki', format: 'der' });
}

test('a leaf is what mTLS and SPIFFE want: names critical, no subject, no authority', async () => {
  const root = await authority(await generateKeys());
  const keys = await generateKeys();
  const wishes = { publicKey: keys.publicKey, uris: [URI], serial: 'ab'.repeat(16), ...DATES };
  const leaf = await issueLeaf(wishes, root);
  const read = new X509Certificate(leaf);
  assert.equal(read.subject, undefined);
  assert.equal(read.issuer, 'O=cluster.local\nCN=root');
  assert.equal(read.subjectAltName, `URI:${URI}`);
  assert.deepEqual(read.keyUsage, ['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2']);
  assert.ok(!read.ca);
  assert.ok(isSignedBy(leaf, root.certificate));
  assert.ok(!isSignedBy(root.certificate, leaf));
  assert.ok(keyFits(leaf, keys.privateKey) && !keyFits(leaf, root.key));
  assert.deepEqual(
    { ...certificateFacts(leaf), publicKey: 0, fingerprint: '' },
    {
      serial: 'ab'.repeat(16),
      subject: '',
      ...DATES,
      uris: [URI],
      dnsNames: [],
      authority: false,
      fingerprint: '',
      publicKey: 0,
    },
  );
});

test('keys of RSA and P-384 sign too, and a serial number with its first bit set stays positive', async () => {
  for (const pair of [
    generateKeyPairSync('rsa', { modulusLength: 2048 }),
    generateKeyPairSync('ec', { namedCurve: 'secp384r1' }),
  ]) {
    const root = await authority(pair);
    const { publicKey } = await generateKeys();
    const leaf = await issueLeaf({ publicKey, uris: [URI], serial: 'ff'.repeat(16), ...DATES }, root);
    assert.ok(isSignedBy(leaf, root.certificate));
    assert.equal(certificateFacts(leaf)?.serial, 'ff'.repeat(16));
    assert.ok((await readSigningRequest(await createSigningRequest(pair, [URI]))).ok);
  }
});

test('an intermediate stands between root and leaf', async () => {
  const root = await authority(await generateKeys());
  const middle = await authority(await generateKeys(), root);
  assert.ok(isSignedBy(middle.certificate, root.certificate));
  assert.ok(certificateFacts(middle.certificate)?.authority);
});

test('certificates come out of a bundle one by one, keys out of every PEM form', async () => {
  const keys = await generateKeys();
  const { certificate } = await authority(keys);
  assert.deepEqual(splitCertificates(`# text\n${certificate}\r\n${certificate}junk`), [certificate, certificate]);
  assert.equal(certificatePem(certificateDer(certificate)), certificate);
  assert.ok(readPrivateKey(privateKeyPem(keys.privateKey))?.equals(keys.privateKey));
  assert.ok(readPrivateKey(keys.privateKey.export({ type: 'sec1', format: 'pem' }) as string));
  assert.equal(readPrivateKey('nothing'), undefined);
  assert.equal(certificateFacts('nothing'), undefined);
});
