import { createFakeRuntime, type FakeRuntime } from '@weft/core-runtime/testing';
import {
  certificateFacts,
  generateKeys,
  issueAuthority,
  issueLeaf,
  readSigningRequest,
  type Issuer,
} from '@weft/net-x509';
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import {
  SigningError,
  type CertificateSigner,
  type HeldCertificate,
  type SignedCertificate,
} from './certificate-signer.ts';
import { WorkloadCertificates } from './workload-certificates.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const WEB = { trustDomain: 'cluster.local', namespace: 'videos', serviceAccount: 'web' };
const WEB_URI = 'spiffe://cluster.local/ns/videos/sa/web';

async function root(now: number): Promise<Issuer> {
  const keys = await generateKeys();
  const certificate = await issueAuthority({
    keys,
    organization: 'o',
    commonName: 'root',
    uri: 'spiffe://cluster.local',
    serial: '01',
    notBeforeMs: now - HOUR_MS,
    notAfterMs: now + 365 * DAY_MS,
  });
  return { certificate, key: keys.privateKey };
}

/** Signs for a day, or does what the test says instead. */
class FakeSigner implements CertificateSigner {
  readonly shown: (HeldCertificate | undefined)[] = [];
  instead: (() => Promise<SignedCertificate>) | undefined;
  uri = WEB_URI;
  private serial = 16;
  private readonly issuer: Issuer;
  private readonly runtime: FakeRuntime;

  constructor(issuer: Issuer, runtime: FakeRuntime) {
    this.issuer = issuer;
    this.runtime = runtime;
  }

  async sign(csr: string, held: HeldCertificate | undefined): Promise<SignedCertificate> {
    this.shown.push(held);
    if (this.instead !== undefined) return this.instead();
    const request = await readSigningRequest(csr);
    assert.ok(request.ok);
    this.serial += 1;
    const now = this.runtime.clock.wallMs();
    const leaf = await issueLeaf(
      {
        publicKey: request.value.publicKey,
        uris: [this.uri],
        serial: this.serial.toString(16),
        notBeforeMs: now,
        notAfterMs: now + DAY_MS,
      },
      this.issuer,
    );
    return { chain: [leaf], roots: [this.issuer.certificate] };
  }
}

async function world(t: TestContext): Promise<{
  runtime: FakeRuntime;
  signer: FakeSigner;
  certificates: WorkloadCertificates;
}> {
  const runtime = createFakeRuntime([500]);
  const signer = new FakeSigner(await root(runtime.clock.wallMs()), runtime);
  const certificates = new WorkloadCertificates({ identity: WEB, signer, runtime });
  t.after(() => certificates.close());
  return { runtime, signer, certificates };
}

function nextCertificate(certificates: WorkloadCertificates): Promise<HeldCertificate> {
  const { promise, resolve } = Promise.withResolvers<HeldCertificate>();
  const forget = certificates.onCertificate((held) => {
    forget();
    resolve(held);
  });
  return promise;
}

test('a certificate is renewed at half of its life, with a new key, and the old one is shown for it', async (t) => {
  const { runtime, signer, certificates } = await world(t);
  certificates.start();
  const first = await certificates.ready();
  runtime.clock.advance(DAY_MS / 2 - 60_000);
  assert.equal(signer.shown.length, 1);
  const renewed = nextCertificate(certificates);
  runtime.clock.advance(120_000);
  const second = await renewed;
  assert.equal(signer.shown[1], first);
  assert.notEqual(second.chain[0], first.chain[0]);
  assert.ok(!second.keys.publicKey.equals(first.keys.publicKey));
  assert.equal(certificates.current, second);
  assert.deepEqual(
    { ...certificates.status, serial: '' },
    { serial: '', notAfterMs: runtime.clock.wallMs() + DAY_MS, renewals: 1, failures: 0, fault: undefined },
  );
});

test('while the authority is away the old certificate stays, and attempts come more rarely', async (t) => {
  const { runtime, signer, certificates } = await world(t);
  certificates.start();
  const first = await certificates.ready();
  signer.instead = () => Promise.reject(new SigningError('the authority answered UNAVAILABLE: gone', true));
  runtime.clock.advance(DAY_MS / 2 - 60_000);
  const at: number[] = [];
  for (let attempt = 0; attempt < 9; attempt += 1) {
    while (certificates.status.failures === attempt) {
      // While a request is under way no timer runs, and time stands still.
      if (runtime.timers.pending > 0) runtime.clock.advance(500);
      await new Promise(setImmediate);
    }
    at.push(runtime.clock.nowMs());
  }
  const gaps = at.slice(1).map((time, index) => time - (at[index] ?? 0));
  assert.deepEqual(gaps, [500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]);
  assert.equal(certificates.current, first);
  assert.match(certificates.status.fault ?? '', /UNAVAILABLE/);
  assert.match(runtime.logged.join(''), /the one in use is valid until 2023-11-1/);
  signer.instead = undefined;
  const renewed = nextCertificate(certificates);
  runtime.clock.advance(60_000);
  await renewed;
  assert.equal(certificates.status.fault, undefined);
});

test('a refusal for good is told to whoever waits, and asked about again all the same', async (t) => {
  const { runtime, signer, certificates } = await world(t);
  signer.instead = () => Promise.reject(new SigningError('the token is refused: it expired', false));
  certificates.start();
  await assert.rejects(certificates.ready(), /the token is refused/);
  signer.instead = undefined;
  const there = nextCertificate(certificates);
  runtime.clock.advance(60_000);
  assert.deepEqual(certificateFacts((await there).chain[0] ?? '')?.uris, [WEB_URI]);
});

test('what the authority gives is looked at before it is used', async (t) => {
  const { runtime, signer, certificates } = await world(t);
  signer.uri = 'spiffe://cluster.local/ns/videos/sa/admin';
  await certificates.renew();
  assert.match(certificates.status.fault ?? '', /for spiffe:.*admin, not for spiffe:.*web/);
  const stranger = await root(runtime.clock.wallMs());
  signer.uri = WEB_URI;
  signer.instead = undefined;
  const sign = signer.sign.bind(signer);
  signer.sign = async (csr, held) => ({ ...(await sign(csr, held)), roots: [stranger.certificate] });
  await certificates.renew();
  assert.match(certificates.status.fault ?? '', /none of its roots signed/);
  assert.equal(certificates.current, undefined);
});

test('a machine that slept renews within a minute', async (t) => {
  const { runtime, signer, certificates } = await world(t);
  certificates.start();
  await certificates.ready();
  // The wall clock jumps; timers did not run meanwhile.
  const wallMs = runtime.clock.wallMs.bind(runtime.clock);
  runtime.clock.wallMs = () => wallMs() + DAY_MS * 2;
  const renewed = nextCertificate(certificates);
  runtime.clock.advance(60_000);
  await renewed;
  assert.equal(signer.shown.length, 2);
});
