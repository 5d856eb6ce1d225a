import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { certificateFacts, isSignedBy, issueAuthority, generateKeys, privateKeyPem } from '@weft/net-x509';
import {
  DAY_MS,
  HOUR_MS,
  TD,
  WEB,
  WEB_URI,
  fakeRuntime,
  mustSign,
  openAuthority,
  requestOf,
  temporaryFolder,
} from './fixture.testing.ts';

test('the first start makes a root of ten years, and the next start finds it', async (t) => {
  const first = await openAuthority(t);
  const [root = ''] = first.authority.trustBundle();
  const facts = certificateFacts(root);
  assert.ok(facts?.authority);
  assert.equal(facts.publicKey.asymmetricKeyDetails?.namedCurve, 'prime256v1');
  assert.ok(facts.notAfterMs - first.runtime.clock.wallMs() > 3649 * DAY_MS);
  assert.deepEqual(facts.uris, ['spiffe://cluster.local']);
  const second = await openAuthority(t, { stateDir: first.folder, runtime: first.runtime });
  assert.deepEqual(second.authority.trustBundle(), [root]);
  assert.equal(readFileSync(join(first.folder, 'root-cert.pem'), 'utf8'), root);
});

test('keys and state are for their owner alone', async (t) => {
  const { folder } = await openAuthority(t);
  assert.equal(statSync(folder).mode & 0o777, 0o700);
  const modes = readdirSync(folder).map((name) => [
    name.replace(/[0-9a-f]{16}/, 'ID'),
    (statSync(join(folder, name)).mode & 0o777).toString(8),
  ]);
  assert.deepEqual(modes.sort(), [
    ['ca.json', '600'],
    ['root-ID.key.pem', '600'],
    ['root-cert.pem', '644'],
  ]);
  assert.doesNotMatch(readFileSync(join(folder, 'ca.json'), 'utf8'), /PRIVATE/);
});

test('a leaf has the identity of the caller for its only name and lives a day', async (t) => {
  const { authority, runtime } = await openAuthority(t);
  const { leaf, keys, roots } = await mustSign(authority);
  const facts = certificateFacts(leaf);
  assert.deepEqual(facts?.uris, [WEB_URI]);
  assert.equal(facts?.notAfterMs, runtime.clock.wallMs() + DAY_MS);
  assert.equal(facts?.notBeforeMs, runtime.clock.wallMs() - 120_000);
  assert.equal(facts?.serial.length, 32);
  assert.ok(new X509Certificate(leaf).checkPrivateKey(keys.privateKey));
  assert.ok(isSignedBy(leaf, roots[0] ?? ''));
  const other = await mustSign(authority);
  assert.notEqual(certificateFacts(other.leaf)?.serial, facts?.serial);
});

test('openssl takes a leaf for a server and for a client', async (t) => {
  if (spawnSync('openssl', ['version']).status !== 0) return;
  const runtime = fakeRuntime();
  const { authority, folder } = await openAuthority(t, { runtime });
  const { leaf } = await mustSign(authority);
  writeFileSync(join(folder, 'leaf.pem'), leaf);
  for (const purpose of ['sslserver', 'sslclient']) {
    const at = String(Math.floor(runtime.clock.wallMs() / 1000));
    const args = [
      'verify',
      '-x509_strict',
      '-purpose',
      purpose,
      '-attime',
      at,
      '-CAfile',
      join(folder, 'root-cert.pem'),
    ];
    const run = spawnSync('openssl', [...args, join(folder, 'leaf.pem')], { encoding: 'utf8' });
    assert.equal(run.status, 0, run.stderr + run.stdout);
  }
});

test('names and times that a caller may not have are refused', async (t) => {
  const { authority } = await openAuthority(t);
  const foreign = await requestOf(['spiffe://cluster.local/ns/videos/sa/admin']);
  const mixed = await requestOf([WEB_URI, 'spiffe://cluster.local/ns/videos/sa/admin']);
  const nameless = await requestOf([]);
  for (const { csr } of [foreign, mixed]) {
    const refused = await authority.sign({ csr, identity: WEB });
    assert.ok(!refused.ok && refused.reason === 'name');
    assert.match(refused.fault, /asks for spiffe:.*admin, but its sender is spiffe:.*web/);
  }
  assert.ok((await authority.sign({ csr: nameless.csr, identity: WEB })).ok);
  const long = await authority.sign({ csr: nameless.csr, identity: WEB, ttlMs: 91 * DAY_MS });
  assert.ok(!long.ok && long.reason === 'ttl');
  const broken = await authority.sign({ csr: 'nothing', identity: WEB });
  assert.ok(!broken.ok && broken.reason === 'csr');
});

test('the root is exchanged without a moment in which a leaf is not trusted', async (t) => {
  const { authority, runtime, folder } = await openAuthority(t);
  const bundles: number[] = [];
  authority.onTrustBundle((roots) => bundles.push(roots.length));
  const before = await mustSign(authority);
  assert.equal(await authority.rotateRoot(), undefined);
  assert.match((await authority.rotateRoot()) ?? '', /under way/);
  const [oldRoot = '', newRoot = ''] = authority.trustBundle();
  // The old root goes on signing; whoever renews learns both.
  const during = await mustSign(authority);
  assert.ok(isSignedBy(during.leaf, oldRoot));
  assert.deepEqual(during.roots, [oldRoot, newRoot]);
  // A leaf from before the announcement lives a day: until then nobody shows a leaf of the new root.
  runtime.clock.advance(DAY_MS);
  await authority.tick();
  assert.ok(isSignedBy((await mustSign(authority)).leaf, oldRoot));
  assert.ok((certificateFacts(before.leaf)?.notAfterMs ?? 0) <= runtime.clock.wallMs());
  runtime.clock.advance(2 * HOUR_MS);
  const after = await mustSign(authority);
  assert.ok(isSignedBy(after.leaf, newRoot));
  assert.deepEqual(after.roots, [newRoot, oldRoot]);
  // A second start in the middle goes on where this one is.
  const restarted = await openAuthority(t, { stateDir: folder, runtime });
  assert.deepEqual(restarted.authority.trustBundle(), [newRoot, oldRoot]);
  restarted.authority.close();
  runtime.clock.advance(DAY_MS + 2 * HOUR_MS);
  await authority.tick();
  assert.deepEqual(authority.trustBundle(), [newRoot]);
  assert.deepEqual(bundles, [2, 2, 1]);
  assert.equal(readdirSync(folder).filter((name) => name.endsWith('.key.pem')).length, 1);
});

test('a root with less than a fifth of its life left is exchanged by itself', async (t) => {
  const { authority, runtime } = await openAuthority(t, { rootLifeMs: 100 * DAY_MS });
  await mustSign(authority);
  runtime.clock.advance(79 * DAY_MS);
  await authority.tick();
  assert.equal(authority.trustBundle().length, 1);
  await mustSign(authority);
  runtime.clock.advance(2 * DAY_MS);
  await authority.tick();
  assert.deepEqual(
    authority.status().map(({ phase }) => phase),
    ['signing'],
    'no leaf lives, so the new root signs at once and the old one is gone',
  );
  assert.ok((authority.status()[0]?.notAfterMs ?? 0) - runtime.clock.wallMs() > 99 * DAY_MS);
});

test('no leaf outlives what signed it, and an expired root signs nothing', async (t) => {
  const { authority, runtime } = await openAuthority(t, { rootLifeMs: DAY_MS / 2, rotateAtShare: 0 });
  const end = runtime.clock.wallMs() + DAY_MS / 2;
  assert.equal((await mustSign(authority)).notAfterMs, end);
  runtime.clock.advance(DAY_MS);
  const { csr } = await requestOf();
  const refused = await authority.sign({ csr, identity: WEB });
  assert.ok(!refused.ok && refused.reason === 'authority');
});

test('a state that cannot be read is an error and never made anew', async (t) => {
  const { folder } = await openAuthority(t);
  await assert.rejects(
    openAuthority(t, { stateDir: folder, trustDomain: 'other' }),
    /is of the trust domain cluster.local/,
  );
  writeFileSync(join(folder, 'ca.json'), '{"version":1');
  await assert.rejects(openAuthority(t, { stateDir: folder }), /is not JSON: restore it/);
  writeFileSync(join(folder, 'ca.json'), '{"version":1,"trustDomain":"cluster.local","roots":[{}]}');
  await assert.rejects(openAuthority(t, { stateDir: folder }), /lost a part/);
});

test('a given intermediate signs, its chain goes along, and its faults are all told', async (t) => {
  const runtime = fakeRuntime();
  const folder = temporaryFolder(t);
  const given = await writeGiven(folder, runtime.clock.wallMs());
  const { authority } = await openAuthority(t, { givenDir: folder, runtime });
  const { leaf, chain, roots } = await mustSign(authority);
  assert.deepEqual(chain, [leaf, given.ca]);
  assert.deepEqual(roots, [given.root]);
  assert.ok(isSignedBy(leaf, given.ca) && isSignedBy(given.ca, given.root));
  assert.match((await authority.rotateRoot()) ?? '', /the root is given/);
  assert.deepEqual(authority.expiryWarnings(), []);
  runtime.clock.advance(340 * DAY_MS);
  assert.match(authority.expiryWarnings()[0] ?? '', /expires in 24 days/);
  writeFileSync(join(folder, 'ca-key.pem'), privateKeyPem((await generateKeys()).privateKey));
  writeFileSync(join(folder, 'root-cert.pem'), given.ca);
  await assert.rejects(openAuthority(t, { givenDir: folder, runtime }), /ca-key.pem is not the key of ca-cert.pem/);
  await assert.rejects(openAuthority(t, { givenDir: temporaryFolder(t) }), /lacks root-cert.pem, ca-cert.pem/);
});

test('a given root takes over from our own only when everybody has it', async (t) => {
  const own = await openAuthority(t);
  const [ownRoot = ''] = own.authority.trustBundle();
  await mustSign(own.authority);
  own.authority.close();
  const folder = temporaryFolder(t);
  const given = await writeGiven(folder, own.runtime.clock.wallMs());
  const { authority } = await openAuthority(t, { givenDir: folder, stateDir: own.folder, runtime: own.runtime });
  assert.deepEqual(authority.trustBundle(), [ownRoot, given.root]);
  own.runtime.clock.advance(DAY_MS);
  assert.ok(isSignedBy((await mustSign(authority)).leaf, ownRoot));
  own.runtime.clock.advance(2 * HOUR_MS);
  await authority.tick();
  const { leaf, roots } = await mustSign(authority);
  assert.ok(isSignedBy(leaf, given.ca));
  assert.deepEqual(roots, [given.root, ownRoot]);
  authority.close();
  await assert.rejects(
    openAuthority(t, { stateDir: own.folder, runtime: own.runtime }),
    /the root that signs was given/,
  );
});

test('metrics tell when what expires, and what was asked', async (t) => {
  const { authority, runtime } = await openAuthority(t);
  await mustSign(authority);
  await authority.sign({ csr: '', identity: WEB });
  const value = (name: string): number | undefined => authority.samples().find((sample) => sample.name === name)?.value;
  assert.equal(value('citadel_server_csr_count'), 2);
  assert.equal(value('citadel_server_success_cert_issuance_count'), 1);
  assert.equal(value('citadel_server_csr_parsing_err_count'), 1);
  const expiry = value('citadel_server_root_cert_expiry_timestamp') ?? 0;
  assert.equal(value('cert_expiry_seconds'), expiry - runtime.clock.wallMs() / 1000);
});

async function writeGiven(folder: string, nowMs: number): Promise<{ root: string; ca: string }> {
  const dates = { notBeforeMs: nowMs - HOUR_MS, notAfterMs: nowMs + 364 * DAY_MS };
  const names = { organization: 'Example', uri: `spiffe://${TD}`, serial: '0a', ...dates };
  const [rootKeys, caKeys] = [await generateKeys(), await generateKeys()];
  const root = await issueAuthority({ ...names, keys: rootKeys, commonName: 'Example root' });
  const issuer = { certificate: root, key: rootKeys.privateKey };
  const ca = await issueAuthority({ ...names, keys: caKeys, commonName: 'Example mesh' }, issuer);
  writeFileSync(join(folder, 'root-cert.pem'), root);
  writeFileSync(join(folder, 'ca-cert.pem'), ca);
  writeFileSync(join(folder, 'ca-key.pem'), privateKeyPem(caKeys.privateKey));
  writeFileSync(join(folder, 'cert-chain.pem'), ca + root);
  return { root, ca };
}

test('the report says how far an exchange of the root is, and until when', async (t) => {
  const { authority, runtime } = await openAuthority(t, { clockSkewMs: 1000, defaultTtlMs: 24_000 });
  const [old] = authority.report().roots;
  assert.equal(authority.report().rotation, undefined);
  await mustSign(authority);
  const began = runtime.clock.wallMs();
  assert.equal(await authority.rotateRoot(), undefined);
  const announced = authority.report();
  assert.deepEqual(
    announced.roots.map(({ phase }) => phase),
    ['signing', 'announced'],
  );
  const next = announced.roots[1];
  // A leaf's life, what is kept more than needed so that not every leaf is a write, and the clocks.
  const untilMs = began + 24_000 + 1000 + 1000;
  assert.deepEqual(announced.rotation, { step: 'announced', from: old?.id, to: next?.id, untilMs });
  runtime.clock.advance(12_000);
  await mustSign(authority);
  runtime.clock.advance(14_001);
  await mustSign(authority);
  const retiring = authority.report();
  assert.deepEqual([retiring.rotation?.step, retiring.roots[0]?.id], ['retiring', next?.id]);
  assert.match((await authority.rotateRoot()) ?? '', /under way/);
  runtime.clock.advance(26_001);
  await authority.tick();
  assert.deepEqual([authority.report().rotation, authority.report().roots.length], [undefined, 1]);
});

test('the report names what expires within a month, and who was given a certificate last when', async (t) => {
  const { authority, runtime } = await openAuthority(t, { rootLifeMs: 31 * DAY_MS, rotateAtShare: 0 });
  const { notAfterMs } = await mustSign(authority);
  assert.deepEqual(authority.report().expiring, []);
  assert.deepEqual(authority.report().leaves, [{ identity: WEB_URI, issuedMs: runtime.clock.wallMs(), notAfterMs }]);
  runtime.clock.advance(2 * DAY_MS);
  const [root] = authority.report().roots;
  assert.deepEqual(authority.report().expiring, [`the root ${root?.id ?? ''} expires in 29 days`]);
  assert.deepEqual(authority.report().leaves, [], 'a leaf of long ago is nobody any more');
});
