import { createFakeRuntime, type FakeRuntime } from '@weft/core-runtime/testing';
import { createSigningRequest, generateKeys, type KeyPair } from '@weft/net-x509';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { CertificateAuthority, type AuthorityOptions, type SignRequest } from './certificate-authority.ts';

export const TD = 'cluster.local';
export const WEB = { trustDomain: TD, namespace: 'videos', serviceAccount: 'web' };
export const WEB_URI = 'spiffe://cluster.local/ns/videos/sa/web';
export const HOUR_MS = 3_600_000;
export const DAY_MS = 24 * HOUR_MS;

export function temporaryFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'weft-ca-'));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

/** Serial numbers and ids differ: every byte drawn is another. */
export function fakeRuntime(): FakeRuntime {
  return createFakeRuntime(Array.from({ length: 251 }, (_, at) => (at * 37 + 11) % 251));
}

export interface OpenAuthority {
  readonly authority: CertificateAuthority;
  readonly runtime: FakeRuntime;
  readonly folder: string;
}

export async function openAuthority(
  t: TestContext,
  options: Partial<AuthorityOptions> & { readonly runtime?: FakeRuntime } = {},
): Promise<OpenAuthority> {
  const { runtime = fakeRuntime(), ...more } = options;
  const folder = more.stateDir ?? temporaryFolder(t);
  const authority = await CertificateAuthority.open({ trustDomain: TD, ...more, stateDir: folder }, runtime);
  t.after(() => authority.close());
  return { authority, runtime, folder };
}

export async function requestOf(uris: readonly string[] = [WEB_URI]): Promise<{ csr: string; keys: KeyPair }> {
  const keys = await generateKeys();
  return { keys, csr: await createSigningRequest(keys, uris) };
}

/** A signed leaf with the bundle of that moment; fails where the authority refuses. */
export async function mustSign(
  authority: CertificateAuthority,
  more: Partial<SignRequest> = {},
): Promise<{ leaf: string; chain: readonly string[]; roots: readonly string[]; keys: KeyPair; notAfterMs: number }> {
  const { csr, keys } = await requestOf();
  const signed = await authority.sign({ csr, identity: WEB, ...more });
  if (!signed.ok) throw new Error(signed.fault);
  return { ...signed, leaf: signed.chain[0] ?? '', keys };
}
