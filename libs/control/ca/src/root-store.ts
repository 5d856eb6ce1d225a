import { certificateFacts, generateKeys, issueAuthority, keyFits, privateKeyPem, readPrivateKey } from '@weft/net-x509';
import type { Random } from '@weft/core-runtime';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { PUBLIC, SECRET, createState, openStateFolder, readState, replaceState } from './state-files.ts';
import { CLOCK_SKEW_MS, type Root, type SigningKey } from './root.ts';

const STATE = 'ca.json';
/** The trust bundle, for people and for programs that pin it. */
const BUNDLE = 'root-cert.pem';
const VERSION = 1;

interface StoredState {
  readonly version: number;
  readonly trustDomain: string;
  readonly roots: readonly Root[];
}

/** A text that says why a state cannot be used. What is unusable is never made anew: every certificate would be void. */
export class CaStateError extends Error {}

/** The roots on disk: `ca.json` and `root-<id>.key.pem`, 0600, in a folder that is 0700, and `root-cert.pem`. */
export class RootStore {
  private readonly folder: string;
  private readonly trustDomain: string;

  constructor(folder: string, trustDomain: string) {
    this.folder = folder;
    this.trustDomain = trustDomain;
    openStateFolder(folder);
  }

  /** Undefined: nothing is kept yet. */
  load(): readonly Root[] | undefined {
    const path = join(this.folder, STATE);
    const text = readState(path);
    if (text === undefined) return undefined;
    const state = parse(text, path);
    if (state.trustDomain !== this.trustDomain)
      throw new CaStateError(
        `${path} is of the trust domain ${state.trustDomain}, not ${this.trustDomain}: choose another folder, or the old name`,
      );
    return state.roots;
  }

  save(roots: readonly Root[]): void {
    replaceState(join(this.folder, STATE), this.text(roots), SECRET);
    this.publish(roots);
  }

  /** The first save. False: another process was first. */
  create(roots: readonly Root[]): boolean {
    if (!createState(join(this.folder, STATE), this.text(roots), SECRET)) return false;
    this.publish(roots);
    return true;
  }

  /** Makes a root with its key on disk; it is nobody's yet. */
  async makeRoot(nowMs: number, lifeMs: number, random: Random): Promise<Omit<Root, 'phase' | 'signsFromMs'>> {
    const keys = await generateKeys();
    const serial = random.hex(16);
    const notAfterMs = nowMs + lifeMs;
    const certificate = await issueAuthority({
      keys,
      organization: this.trustDomain,
      // Each has a name of its own: verifiers look issuers up by name, and two roots live side by side.
      commonName: `Weft root ${serial.slice(0, 8)}`,
      uri: `spiffe://${this.trustDomain}`,
      serial,
      notBeforeMs: nowMs - CLOCK_SKEW_MS,
      notAfterMs,
    });
    const id = rootId(certificate);
    replaceState(this.keyFile(id), privateKeyPem(keys.privateKey), SECRET);
    return { id, certificate, notAfterMs, lastLeafMs: 0, given: false };
  }

  /** The key of a root that was made here. */
  signingKey(root: Root): SigningKey {
    const path = this.keyFile(root.id);
    const text = readState(path);
    if (text === undefined) throw new CaStateError(`${path} is missing: it is the key of a root that signs`);
    const key = readPrivateKey(text);
    if (key === undefined) throw new CaStateError(`${path} is not a private key in PEM`);
    if (!keyFits(root.certificate, key)) throw new CaStateError(`${path} is the key of another root`);
    return { certificate: root.certificate, key, chain: [], notAfterMs: root.notAfterMs };
  }

  /** A root that nobody needs any more takes its key along. */
  forgetKey(id: string): void {
    rmSync(this.keyFile(id), { force: true });
  }

  private publish(roots: readonly Root[]): void {
    replaceState(join(this.folder, BUNDLE), roots.map(({ certificate }) => certificate).join(''), PUBLIC);
  }

  private text(roots: readonly Root[]): string {
    const state: StoredState = { version: VERSION, trustDomain: this.trustDomain, roots };
    return `${JSON.stringify(state, null, 2)}\n`;
  }

  private keyFile(id: string): string {
    return join(this.folder, `root-${id}.key.pem`);
  }
}

export function rootId(certificate: string): string {
  return certificateFacts(certificate)?.fingerprint.slice(0, 16) ?? '';
}

function parse(text: string, path: string): StoredState {
  let state: Partial<StoredState>;
  try {
    state = JSON.parse(text) as Partial<StoredState>;
  } catch {
    throw new CaStateError(`${path} is not JSON: restore it from a copy; made anew it would void every certificate`);
  }
  const { version, trustDomain, roots } = state;
  if (version !== VERSION) throw new CaStateError(`${path} is of version ${String(version)}; this is ${VERSION}`);
  if (typeof trustDomain !== 'string' || !Array.isArray(roots) || !roots.every(isRoot))
    throw new CaStateError(`${path} has lost a part of its content: restore it from a copy`);
  return { version, trustDomain, roots: (roots as Root[]).map((root) => ({ ...root, signsFromMs: root.signsFromMs })) };
}

function isRoot(value: unknown): boolean {
  const { id, phase, certificate, notAfterMs, lastLeafMs } = value as Partial<Root>;
  return (
    typeof id === 'string' &&
    (phase === 'announced' || phase === 'signing' || phase === 'retiring') &&
    typeof certificate === 'string' &&
    typeof notAfterMs === 'number' &&
    typeof lastLeafMs === 'number'
  );
}
