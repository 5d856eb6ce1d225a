import assert from 'node:assert/strict';
import { statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { TD, WEB, fakeRuntime, temporaryFolder } from './fixture.testing.ts';
import { TokenAuthority } from './workload-token.ts';

const SUBJECT = { identity: WEB, name: 'web-1', service: 'web', labels: { app: 'web', version: 'v2' } };

test('a token names its workload until it expires', (t) => {
  const runtime = fakeRuntime();
  const folder = temporaryFolder(t);
  const tokens = TokenAuthority.open(folder, TD, runtime);
  const token = tokens.issue(SUBJECT, 60_000);
  assert.deepEqual(tokens.verify(token), { ok: true, value: SUBJECT });
  const own = tokens.verify(tokens.issue({ identity: WEB, name: 'web-1' }));
  assert.deepEqual(own.ok && [own.value.service, own.value.labels], ['web-1', { app: 'web-1' }]);
  assert.throws(() => tokens.issue({ ...SUBJECT, labels: { app: 'w'.repeat(9000) } }), /do not fit in a token/);
  // Whoever opens the same folder knows the token: `weft run` beside its control plane.
  assert.ok(TokenAuthority.open(folder, TD, runtime).verify(token).ok);
  assert.equal(statSync(join(folder, 'token-key.pem')).mode & 0o777, 0o600);
  runtime.clock.advance(60_000);
  assert.match(fault(tokens, token), /expired at 2023/);
});

test('a token that was changed, made by another, or is none is refused', (t) => {
  const runtime = fakeRuntime();
  const tokens = TokenAuthority.open(temporaryFolder(t), TD, runtime);
  const [head = '', body = '', signature = ''] = tokens.issue(SUBJECT).split('.');
  const forged = Buffer.from(JSON.stringify({ ...claims(body), serviceAccount: 'admin' })).toString('base64url');
  const none = Buffer.from('{"alg":"none"}').toString('base64url');
  assert.match(fault(tokens, `${head}.${forged}.${signature}`), /signature is wrong/);
  assert.match(fault(tokens, `${head}.${body}.`), /signature is wrong/);
  assert.match(fault(tokens, `${none}.${body}.`), /not a token/);
  for (const text of ['', 'a.b', 'a.b.c', '....', `${head}.${body}.${'A'.repeat(9000)}`])
    assert.match(fault(tokens, text), /not a token/);
  const stranger = TokenAuthority.open(temporaryFolder(t), TD, runtime);
  assert.match(fault(tokens, stranger.issue(SUBJECT)), /another control plane/);
  const folder = temporaryFolder(t);
  const other = TokenAuthority.open(folder, 'other.mesh', runtime);
  assert.match(fault(TokenAuthority.open(folder, TD, runtime), other.issue(SUBJECT)), /for another mesh/);
});

test('a key file that is no key is an error that does not show it', (t) => {
  const folder = temporaryFolder(t);
  writeFileSync(join(folder, 'token-key.pem'), 'secret');
  assert.throws(
    () => TokenAuthority.open(folder, TD, fakeRuntime()),
    (error: Error) => /is not an Ed25519 key/.test(error.message) && !error.message.includes('secret'),
  );
});

function fault(tokens: TokenAuthority, token: string): string {
  const checked = tokens.verify(token);
  return checked.ok ? '' : checked.fault;
}

function claims(body: string): object {
  return JSON.parse(Buffer.from(body, 'base64url').toString()) as object;
}
