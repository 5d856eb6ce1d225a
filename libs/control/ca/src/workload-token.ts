import { createIdentity, type Parsed, type WorkloadIdentity } from '@weft/model-identity';
import type { Clock, Random } from '@weft/core-runtime';
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  sign,
  verify,
  type KeyObject,
} from 'node:crypto';
import { join } from 'node:path';
import { CaStateError } from './root-store.ts';
import { CLOCK_SKEW_MS } from './root.ts';
import { SECRET, createState, openStateFolder, readState } from './state-files.ts';

const KEY_FILE = 'token-key.pem';
const ISSUER = 'weft-control-plane';
const MAX_TOKEN = 8192;
/** Default life of a token: long enough to start, renewals are authenticated by certificate. */
export const TOKEN_TTL_MS = 3_600_000;

/**
 * What a token says: this process may have a certificate of this service account, and register under this name as an endpoint
 * of this service and of those that select these labels.
 */
export interface TokenSubject {
  readonly identity: WorkloadIdentity;
  /** The workload's name. */
  readonly name: string;
  /** The one service that it may serve. Default: its name, also for tokens that were issued before there was this claim. */
  readonly service?: string;
  /** The labels that it may have. Default: `app`, which is the service; also for tokens that were issued before there was this claim. */
  readonly labels?: Readonly<Record<string, string>>;
}

interface Claims {
  readonly iss: string;
  readonly aud: string;
  readonly sub: string;
  readonly name: string;
  readonly service: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly namespace: string;
  readonly serviceAccount: string;
  /** Seconds since the epoch. */
  readonly iat: number;
  readonly exp: number;
  readonly jti: string;
}

/**
 * Issues and checks the tokens of processes that `weft run` starts: JWTs signed by an Ed25519 key of the state folder. Who can
 * read that key may be any workload; its file is for its owner alone. A signature has no secret to compare, so none is
 * compared byte by byte. Source: RFC 7519, RFC 8037.
 */
export class TokenAuthority {
  private readonly key: KeyObject;
  private readonly publicKey: KeyObject;
  private readonly keyId: string;
  private readonly trustDomain: string;
  private readonly clock: Clock;
  private readonly random: Random;

  /** Makes the key where there is none. Throws a CaStateError when it cannot be used. */
  static open(stateDir: string, trustDomain: string, runtime: { clock: Clock; random: Random }): TokenAuthority {
    openStateFolder(stateDir);
    const path = join(stateDir, KEY_FILE);
    if (readState(path) === undefined) {
      const { privateKey } = generateKeyPairSync('ed25519');
      createState(path, privateKey.export({ type: 'pkcs8', format: 'pem' }) as string, SECRET);
    }
    return new TokenAuthority(readKey(path), trustDomain, runtime);
  }

  private constructor(key: KeyObject, trustDomain: string, { clock, random }: { clock: Clock; random: Random }) {
    this.key = key;
    this.publicKey = createPublicKey(key);
    const raw = this.publicKey.export({ type: 'spki', format: 'der' });
    this.keyId = createHash('sha256').update(raw).digest('base64url').slice(0, 16);
    this.trustDomain = trustDomain;
    this.clock = clock;
    this.random = random;
  }

  /** Throws a CaStateError where the labels are too many for a token. */
  issue(subject: TokenSubject, ttlMs: number = TOKEN_TTL_MS): string {
    const { identity, name, service = name, labels = usualLabels(service) } = subject;
    const { namespace, serviceAccount } = identity;
    const now = Math.floor(this.clock.wallMs() / 1000);
    const claims: Claims = {
      iss: ISSUER,
      aud: this.trustDomain,
      sub: `system:serviceaccount:${namespace}:${serviceAccount}`,
      name,
      service,
      labels,
      namespace,
      serviceAccount,
      iat: now,
      exp: now + Math.floor(ttlMs / 1000),
      jti: this.random.hex(16),
    };
    const body = `${encode({ alg: 'EdDSA', typ: 'JWT', kid: this.keyId })}.${encode(claims)}`;
    const token = `${body}.${sign(null, Buffer.from(body), this.key).toString('base64url')}`;
    if (token.length <= MAX_TOKEN) return token;
    throw new CaStateError(`the labels of ${namespace}/${name} do not fit in a token (${MAX_TOKEN} characters)`);
  }

  /** Whom a token is for. The faults say nothing that helps to forge one. */
  verify(token: string): Parsed<Required<TokenSubject>> {
    const parts = token.split('.');
    if (token.length > MAX_TOKEN || parts.length !== 3) return refuse('it is not a token of this mesh');
    const [head = '', body = '', signature = ''] = parts;
    const header = decode(head) as { alg?: unknown; kid?: unknown } | undefined;
    if (header?.alg !== 'EdDSA') return refuse('it is not a token of this mesh');
    if (header.kid !== this.keyId) return refuse('it was issued by another control plane, or with a key that is gone');
    if (!verify(null, Buffer.from(`${head}.${body}`), this.publicKey, Buffer.from(signature, 'base64url')))
      return refuse('its signature is wrong');
    return this.accept(decode(body) as Partial<Claims>);
  }

  private accept({
    iss,
    aud,
    exp = 0,
    iat = Infinity,
    namespace = '',
    serviceAccount = '',
    name = '',
    service = name,
    labels = usualLabels(service),
  }: Partial<Claims>) {
    if (iss !== ISSUER || aud !== this.trustDomain) return refuse(`it is for another mesh than ${this.trustDomain}`);
    const now = this.clock.wallMs();
    if (exp * 1000 <= now) return refuse(`it expired at ${new Date(exp * 1000).toISOString()}`);
    if (iat * 1000 > now + CLOCK_SKEW_MS) return refuse('it is from the future: do the clocks agree?');
    const identity = createIdentity({ trustDomain: this.trustDomain, namespace, serviceAccount });
    return identity.ok ? ({ ok: true, value: { identity: identity.value, name, service, labels } } as const) : identity;
  }
}

function usualLabels(service: string): Readonly<Record<string, string>> {
  return service === '' ? {} : { app: service };
}

function readKey(path: string): KeyObject {
  try {
    const key = createPrivateKey(readState(path) ?? '');
    if (key.asymmetricKeyType === 'ed25519') return key;
  } catch {
    // Said below, without what is in the file.
  }
  throw new CaStateError(`${path} is not an Ed25519 key in PEM: remove it, and new tokens are needed`);
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

function decode(text: string): unknown {
  try {
    const value: unknown = JSON.parse(Buffer.from(text, 'base64url').toString('utf8'));
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

function refuse(fault: string): { readonly ok: false; readonly fault: string } {
  return { ok: false, fault };
}
