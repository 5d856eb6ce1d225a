import { formatIdentity, type WorkloadIdentity } from '@weft/model-identity';
import { issueLeaf, readSigningRequest, type SigningRequest } from '@weft/net-x509';
import { after, type Clock, type Logger, type Random, type Runtime, type Timer } from '@weft/core-runtime';
import { adoptGiven } from './adopt-given.ts';
import { authorityReport, rotationOf, type AuthorityReport } from './authority-report.ts';
import { CaMetrics, expiryMetrics, type MetricSample } from './ca-metrics.ts';
import { IssuedLeaves } from './issued-leaves.ts';
import { readGivenAuthority, type GivenAuthority } from './given-authority.ts';
import { CaStateError, RootStore } from './root-store.ts';
import { CLOCK_SKEW_MS, advanceRoots, announceRoot, nextChangeMs, type Root, type SigningKey } from './root.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

export interface AuthorityOptions {
  /** Where roots and keys are kept; made when it is not there. */
  readonly stateDir: string;
  readonly trustDomain: string;
  /** A folder with root-cert.pem, ca-cert.pem, ca-key.pem and cert-chain.pem, as in Istio's `cacerts`. Default: our own root. */
  readonly givenDir?: string | undefined;
  /** How long a certificate lives when its request does not say, in milliseconds. Default 24 hours. */
  readonly defaultTtlMs?: number;
  /** The longest that a request may ask for, in milliseconds. Default 90 days. */
  readonly maxTtlMs?: number;
  /** Default 10 years, in milliseconds. */
  readonly rootLifeMs?: number;
  /** A root of ours is replaced when less than this share of its life is left. Default 0.2, as Istio's. */
  readonly rotateAtShare?: number;
  /** How far the clocks of the mesh's machines may be apart, in milliseconds: roots are kept as much longer. Default 2 minutes. */
  readonly clockSkewMs?: number;
}

export interface SignRequest {
  /** PEM. */
  readonly csr: string;
  /** Who asks, as the authenticator found it. */
  readonly identity: WorkloadIdentity;
  /** 0 or less: the default. */
  readonly ttlMs?: number;
  /** Further names, for servers of the control plane itself. */
  readonly serving?: { readonly dnsNames: readonly string[]; readonly addresses: readonly string[] };
}

export type SignOutcome =
  | {
      readonly ok: true;
      readonly chain: readonly string[];
      readonly roots: readonly string[];
      readonly notAfterMs: number;
    }
  | { readonly ok: false; readonly reason: SignRefusal; readonly fault: string };

/** `csr`: the request is bad; `name`: it asks to be somebody else; `ttl`; `authority`: the authority itself cannot sign. */
export type SignRefusal = 'csr' | 'name' | 'ttl' | 'authority';

/** Gives out certificates, keeps the roots and exchanges them. One for each control plane. */
export class CertificateAuthority {
  readonly trustDomain: string;
  readonly metrics = new CaMetrics();
  private readonly options: Required<Omit<AuthorityOptions, 'givenDir'>> & Pick<AuthorityOptions, 'givenDir'>;
  private readonly runtime: Runtime;
  private readonly clock: Clock;
  private readonly random: Random;
  private readonly log: Logger;
  private readonly store: RootStore;
  private readonly bundleListeners = new Set<(roots: readonly string[]) => void>();
  private readonly leaves = new IssuedLeaves();
  private given: GivenAuthority | undefined;
  private roots: readonly Root[] = [];
  private signing: SigningKey | undefined;
  private timer: Timer | undefined;
  private rotating: Promise<string | undefined> | undefined;
  private closed = false;

  /** Opens the state, makes a root where there is none. Rejects with a CaStateError when the state cannot be used. */
  static async open(options: AuthorityOptions, runtime: Runtime): Promise<CertificateAuthority> {
    const authority = new CertificateAuthority(options, runtime);
    await authority.load();
    return authority;
  }

  private constructor(options: AuthorityOptions, runtime: Runtime) {
    this.options = {
      defaultTtlMs: DAY_MS,
      maxTtlMs: 90 * DAY_MS,
      rootLifeMs: 3650 * DAY_MS,
      rotateAtShare: 0.2,
      clockSkewMs: CLOCK_SKEW_MS,
      ...options,
    };
    this.trustDomain = options.trustDomain;
    this.runtime = runtime;
    this.clock = runtime.clock;
    this.random = runtime.random;
    this.log = runtime.loggers.get('ca');
    this.store = new RootStore(options.stateDir, options.trustDomain);
  }

  /** Every root that peers are to trust, in PEM; the one that signs is the first. */
  trustBundle(): readonly string[] {
    const first = this.roots.filter(({ phase }) => phase === 'signing');
    return [...first, ...this.roots.filter((root) => !first.includes(root))].map(({ certificate }) => certificate);
  }

  /** Calls `listener` whenever roots come or go. The result ends that. */
  onTrustBundle(listener: (roots: readonly string[]) => void): () => void {
    this.bundleListeners.add(listener);
    return () => void this.bundleListeners.delete(listener);
  }

  /** For people and the debug endpoints: no key is in it. */
  status(): readonly Omit<Root, 'certificate'>[] {
    return this.roots.map(({ certificate: _, ...root }) => root);
  }

  /** The same with what an operator wants to know: what is under way, until when, and what expires. */
  report(): AuthorityReport {
    const { trustDomain, roots, signing } = this;
    const { defaultTtlMs: leafLifeMs, clockSkewMs } = this.options;
    const nowMs = this.clock.wallMs();
    const leaves = this.leaves.all(nowMs);
    return authorityReport({ trustDomain, nowMs, leafLifeMs, clockSkewMs, roots, signing, leaves });
  }

  /** Everything for the metrics page. */
  samples(): readonly MetricSample[] {
    return [...this.metrics.counters(), ...expiryMetrics(this.status(), this.signerNotAfterMs, this.clock.wallMs())];
  }

  /** When the certificate that signs leaves expires: of the root, or of the intermediate before it. */
  get signerNotAfterMs(): number {
    return this.signing?.notAfterMs ?? 0;
  }

  /** A certificate for the key of the request, with the names of the identity and no other. */
  async sign(request: SignRequest): Promise<SignOutcome> {
    this.metrics.requests += 1;
    const outcome = await this.tryToSign(request);
    if (outcome.ok) this.metrics.issued += 1;
    else this.metrics.refused(outcome.reason);
    return outcome;
  }

  /**
   * Begins the exchange of the root: the new one is in the trust bundle at once, and signs when everybody has it. The result
   * is why it cannot begin, or undefined. Only for roots made here: given ones are exchanged by way of their files.
   */
  rotateRoot(): Promise<string | undefined> {
    this.rotating ??= this.announceNext().finally(() => (this.rotating = undefined));
    return this.rotating;
  }

  /** Moves the roots on to what the clock says. Called by the authority's own timer. */
  async tick(): Promise<void> {
    this.advance();
    const signing = this.roots.find(({ phase }) => phase === 'signing');
    const { rootLifeMs, rotateAtShare } = this.options;
    const left = (signing?.notAfterMs ?? 0) - this.clock.wallMs();
    const announced = this.roots.some(({ phase }) => phase === 'announced');
    if (signing?.given === false && !announced && left < rootLifeMs * rotateAtShare) await this.rotateRoot();
    for (const warning of this.expiryWarnings()) this.log.warning(warning);
  }

  /** What expires within 30 days and is not exchanged by itself: one sentence each. */
  expiryWarnings(): readonly string[] {
    const now = this.clock.wallMs();
    const soon = (notAfterMs: number): boolean => notAfterMs - now < 30 * DAY_MS;
    const days = (notAfterMs: number): string => {
      const left = Math.floor((notAfterMs - now) / DAY_MS);
      return left < 0 ? 'has expired' : `expires in ${left} days`;
    };
    const roots = this.roots
      .filter(({ phase, given, notAfterMs }) => given && phase === 'signing' && soon(notAfterMs))
      .map(
        ({ notAfterMs }) => `the given root ${days(notAfterMs)}: put its successor beside it into root-cert.pem now`,
      );
    const issuer = this.given !== undefined && soon(this.signerNotAfterMs) && roots.length === 0;
    return issuer
      ? [`the given ca-cert.pem ${days(this.signerNotAfterMs)}: replace ca-cert.pem, ca-key.pem and cert-chain.pem`]
      : roots;
  }

  close(): void {
    this.closed = true;
    this.timer?.cancel();
    this.bundleListeners.clear();
  }

  private async tryToSign({ csr, identity, ttlMs = 0, serving }: SignRequest): Promise<SignOutcome> {
    const { defaultTtlMs, maxTtlMs } = this.options;
    const wanted = ttlMs <= 0 ? defaultTtlMs : ttlMs;
    if (wanted > maxTtlMs)
      return refuse('ttl', `it asks for ${Math.round(wanted / 1000)} s; at most ${maxTtlMs / 1000} s are given`);
    const read = await readSigningRequest(csr);
    if (!read.ok) return refuse('csr', `the signing request is refused: ${read.fault}`);
    const uri = formatIdentity(identity);
    const named = nameFault(read.value, uri);
    if (named !== undefined) return refuse('name', named);
    this.advance();
    const now = this.clock.wallMs();
    const signer = this.signing;
    if (signer === undefined || signer.notAfterMs <= now)
      return refuse('authority', 'the certificate that signs others has expired: give a new one, or exchange the root');
    const notAfterMs = Math.min(now + wanted, signer.notAfterMs);
    // Kept before the leaf is handed out: a root must not leave the bundle while a leaf of it lives.
    this.noteLeaf(notAfterMs);
    const leaf = await issueLeaf(
      {
        publicKey: read.value.publicKey,
        uris: [uri],
        ...serving,
        serial: this.random.hex(16),
        notBeforeMs: now - CLOCK_SKEW_MS,
        notAfterMs,
      },
      signer,
    );
    this.leaves.note({ identity: uri, issuedMs: now, notAfterMs });
    return { ok: true, chain: [leaf, ...signer.chain], roots: this.trustBundle(), notAfterMs };
  }

  private async load(): Promise<void> {
    const now = this.clock.wallMs();
    const { givenDir, rootLifeMs } = this.options;
    this.given = givenDir === undefined ? undefined : readGivenAuthority(givenDir);
    const kept = this.store.load();
    if (this.given !== undefined) this.commit(adoptGiven(kept ?? [], this.given, now));
    else if (kept !== undefined) this.roots = kept;
    else {
      const made = await this.store.makeRoot(now, rootLifeMs, this.random);
      const first: readonly Root[] = [{ ...made, phase: 'signing', signsFromMs: undefined }];
      const mine = this.store.create(first);
      if (mine) this.log.info(`made a root for ${this.trustDomain}: ${made.id}, in ${this.options.stateDir}`);
      else this.store.forgetKey(made.id);
      this.roots = mine ? first : (this.store.load() ?? first);
    }
    this.advance();
    this.useSigner();
    await this.tick();
    this.arm();
  }

  private async announceNext(): Promise<string | undefined> {
    const signing = this.roots.find(({ phase }) => phase === 'signing');
    if (signing?.given === true)
      return 'the root is given: put its successor into root-cert.pem, and exchange ca-cert.pem a day later';
    if (rotationOf(this.roots) !== undefined) return 'an exchange of the root is under way already';
    const made = await this.store.makeRoot(this.clock.wallMs(), this.options.rootLifeMs, this.random);
    this.commit(announceRoot(this.roots, made, this.options.clockSkewMs));
    const { signsFromMs = 0 } = this.roots.at(-1) as Root;
    const when = signsFromMs === 0 ? 'now' : new Date(signsFromMs).toISOString();
    this.log.info(`announced the root ${made.id}; it signs from ${when}`);
    this.advance();
    this.arm();
    return undefined;
  }

  private advance(): void {
    const next = advanceRoots(this.roots, this.clock.wallMs(), this.options.clockSkewMs);
    if (next === this.roots) return;
    const gone = this.roots.filter(({ id }) => !next.some((root) => root.id === id));
    this.commit(next);
    for (const { id } of gone) {
      this.store.forgetKey(id);
      this.log.info(`removed the root ${id}: the last certificate under it has expired`);
    }
    this.useSigner();
  }

  private useSigner(): void {
    const root = this.roots.find(({ phase }) => phase === 'signing');
    if (root === undefined) throw new CaStateError('no root signs: the state has lost it');
    if (root.given && this.given === undefined)
      throw new CaStateError('the root that signs was given: name its folder again, for its key is not kept here');
    const changed = this.signing !== undefined;
    this.signing = root.given && this.given !== undefined ? this.given.signing : this.store.signingKey(root);
    if (changed) this.log.info(`the root ${root.id} signs from now on`);
  }

  private noteLeaf(notAfterMs: number): void {
    const signing = this.roots.find(({ phase }) => phase === 'signing');
    if (signing === undefined || signing.lastLeafMs >= notAfterMs) return;
    // More than needed, an hour of a day, so that not every leaf is a write.
    const lastLeafMs = notAfterMs + Math.min(HOUR_MS, this.options.defaultTtlMs / 24);
    this.commit(this.roots.map((root) => (root === signing ? { ...root, lastLeafMs } : root)));
  }

  /** Disk first: what is announced must survive. */
  private commit(roots: readonly Root[]): void {
    const before = this.trustBundle().join('');
    this.store.save(roots);
    this.roots = roots;
    const bundle = this.trustBundle();
    if (bundle.join('') !== before) for (const listener of this.bundleListeners) listener(bundle);
  }

  private arm(): void {
    this.timer?.cancel();
    if (this.closed) return;
    const due = nextChangeMs(this.roots, this.options.clockSkewMs) - this.clock.wallMs();
    this.timer = after(this.runtime.timers, Math.min(HOUR_MS, Math.max(1000, due)), () => {
      this.tick().then(
        () => this.arm(),
        (error: unknown) => {
          this.log.error(`the roots cannot be kept: ${error instanceof Error ? error.message : String(error)}`);
          this.arm();
        },
      );
    });
  }
}

/** The names are the authority's to give; a request may repeat them, so that the asker sees a mistake. */
function nameFault({ uris, dnsNames, otherNames }: SigningRequest, uri: string): string | undefined {
  const foreign = [...uris.filter((name) => name !== uri), ...dnsNames];
  if (foreign.length > 0) return `the request asks for ${foreign.join(', ')}, but its sender is ${uri}`;
  return otherNames > 0 ? `the request asks for names that are neither URI nor DNS; its sender is ${uri}` : undefined;
}

function refuse(reason: SignRefusal, fault: string): SignOutcome {
  return { ok: false, reason, fault };
}
