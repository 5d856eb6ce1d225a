import { CertificateAuthority, ServingCertificate } from '@weft/control-ca';
import { createFakeRuntime } from '@weft/core-runtime/testing';
import type { XdsNode } from '@weft/xds-server';
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { createAdmission } from './admission.ts';

const runtime = createFakeRuntime(Array.from({ length: 251 }, (_, at) => (at * 37 + 11) % 251));

/** A certificate of `shop/api`, as TLS hands it over. */
async function certificateOf(t: TestContext, trustDomain: string): Promise<Uint8Array> {
  const stateDir = mkdtempSync(join(tmpdir(), 'weft-admission-'));
  const authority = await CertificateAuthority.open({ stateDir, trustDomain }, runtime);
  let chain = '';
  const serving = await ServingCertificate.open({
    authority,
    identity: { trustDomain, namespace: 'shop', serviceAccount: 'api' },
    dnsNames: [],
    addresses: [],
    runtime,
    use: ({ certificateChain }) => (chain = certificateChain),
  });
  t.after(() => {
    serving.close();
    authority.close();
    rmSync(stateDir, { recursive: true });
  });
  return new X509Certificate(chain).raw;
}

const node = (id: string, metadata: Readonly<Record<string, string>>): XdsNode => ({
  id,
  cluster: '',
  locality: { region: '', zone: '', subZone: '' },
  metadata,
  userAgentName: 'envoy',
  userAgentVersion: '1.40.0',
  clientFeatures: [],
});

test('a certificate admits to the configuration of its own namespace and service account only', async (t) => {
  const ours = await certificateOf(t, 'cluster.local');
  const foreign = await certificateOf(t, 'elsewhere.example');
  const known = new Map([
    ['sidecar~10.0.0.1~db-1.shop~d', { namespace: 'shop', serviceAccount: 'db', certified: true }],
  ]);
  const admit = createAdmission('cluster.local', (id) => known.get(id));
  const refusal = (id: string, account: string, peerCertificate = ours): string | undefined =>
    admit({ node: node(id, { NAMESPACE: 'shop', SERVICE_ACCOUNT: account }), peerCertificate, metadata: [] });
  assert.equal(refusal('sidecar~10.0.0.7~api-1.shop~d', 'api'), undefined);
  assert.match(refusal('sidecar~10.0.0.7~api-1.shop~d', 'db') ?? '', /says that it is of shop\/db/);
  // Metadata of its own under the id of another, whose snapshot it would get.
  assert.match(refusal('router~10.0.0.1~gw.edge~d', 'api') ?? '', /id is of the namespace edge/);
  assert.match(refusal('sidecar~10.0.0.1~db-1.shop~d', 'api') ?? '', /connected as shop\/db/);
  assert.match(refusal('sidecar~10.0.0.7~api-1.shop~d', 'api', foreign) ?? '', /not of the trust domain/);
});

test('who shows a certificate wins over who shows none', async (t) => {
  const peerCertificate = await certificateOf(t, 'cluster.local');
  const id = 'sidecar~10.0.0.7~api-1.shop~d';
  const said = node(id, { NAMESPACE: 'shop', SERVICE_ACCOUNT: 'api' });
  const admitWith = (certified: boolean): ReturnType<typeof createAdmission> =>
    createAdmission('cluster.local', () => ({ namespace: 'shop', serviceAccount: 'other', certified }));
  const plain = { node: said, peerCertificate: undefined, metadata: [] };
  assert.match(admitWith(true)(plain) ?? '', /is connected with a certificate, and this caller shows none/);
  assert.equal(admitWith(false)(plain), undefined);
  assert.equal(admitWith(false)({ ...plain, peerCertificate }), undefined);
});
