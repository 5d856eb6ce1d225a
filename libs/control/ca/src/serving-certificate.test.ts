import { certificateFacts, isSignedBy, splitCertificates } from '@weft/net-x509';
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import { DAY_MS, TD, openAuthority } from './fixture.testing.ts';
import { ServingCertificate, type ServingMaterial } from './serving-certificate.ts';

const ISTIOD = { trustDomain: TD, namespace: 'istio-system', serviceAccount: 'istiod' };

test('the control plane shows its names, renews in time, and trusts new roots at once', async (t) => {
  const { authority, runtime } = await openAuthority(t);
  const used: ServingMaterial[] = [];
  const next = Promise.withResolvers<undefined>();
  const serving = await ServingCertificate.open({
    authority,
    identity: ISTIOD,
    dnsNames: ['istiod.istio-system.svc', 'localhost'],
    addresses: ['127.0.0.1', '::1'],
    runtime,
    use: (material) => {
      used.push(material);
      if (used.length === 3) next.resolve(undefined);
    },
  });
  t.after(() => serving.close());
  const [first] = used;
  const certificate = new X509Certificate(first?.certificateChain ?? '');
  assert.equal(certificate.checkHost('istiod.istio-system.svc'), 'istiod.istio-system.svc');
  assert.equal(certificate.checkIP('127.0.0.1'), '127.0.0.1');
  assert.equal(certificate.checkIP('::1'), '::1');
  assert.ok(isSignedBy(first?.certificateChain ?? '', first?.clientCa ?? ''));
  await authority.rotateRoot();
  assert.equal(splitCertificates(used[1]?.clientCa ?? '').length, 2);
  assert.equal(used[1]?.certificateChain, first?.certificateChain);
  runtime.clock.advance(DAY_MS / 2);
  await next.promise;
  assert.notEqual(used[2]?.certificateChain, first?.certificateChain);
  assert.equal(certificateFacts(used[2]?.certificateChain ?? '')?.notAfterMs, runtime.clock.wallMs() + DAY_MS);
});
