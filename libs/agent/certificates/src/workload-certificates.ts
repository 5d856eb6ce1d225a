import { after, type Logger, type Runtime, type Timer } from '@weft/core-runtime';
import { formatIdentity, type WorkloadIdentity } from '@weft/model-identity';
import { certificateFacts, createSigningRequest, generateKeys } from '@weft/net-x509';
import { SigningError, type CertificateSigner, type HeldCertificate } from './certificate-signer.ts';
import { certificateFault } from './check-certificate.ts';

export interface WorkloadCertificatesOptions {
  readonly identity: WorkloadIdentity;
  readonly signer: CertificateSigner;
  readonly runtime: Runtime;
}

/** For people and for metrics; no key is in it. */
export interface CertificateStatus {
  readonly serial: string | undefined;
  /** Milliseconds since the epoch; 0: there is no certificate. */
  readonly notAfterMs: number;
  readonly renewals: number;
  readonly failures: number;
  /** Why the last attempt failed; undefined: it did not. */
  readonly fault: string | undefined;
}

/** Shares of the remaining life after which a certificate is renewed: half, a fiftieth more or less. */
const RENEW_FROM = 0.48;
const RENEW_SPREAD = 0.04;
const FIRST_RETRY_MS = 1000;
const LAST_RETRY_MS = 60_000;
const LONGEST_WAIT_MS = 60_000;

/**
 * The certificate of one workload. The key is made here and goes nowhere but to the proxy; each renewal has a new one. The old
 * certificate stays in use until the next is there, and as long as it is valid when the authority is away.
 */
export class WorkloadCertificates {
  private readonly options: WorkloadCertificatesOptions;
  private readonly uri: string;
  private readonly log: Logger;
  private readonly listeners = new Set<(held: HeldCertificate) => void>();
  private readonly first = Promise.withResolvers<HeldCertificate>();
  private held: HeldCertificate | undefined;
  private notAfterMs = 0;
  private dueMs = 0;
  private attempts = 0;
  private renewals = 0;
  private failures = 0;
  private fault: string | undefined;
  private asking = false;
  private timer: Timer | undefined;
  private closed = false;

  constructor(options: WorkloadCertificatesOptions) {
    this.options = options;
    this.uri = formatIdentity(options.identity);
    this.log = options.runtime.loggers.get('certificates');
    // Whoever waits hears of the failure; nobody has to wait.
    this.first.promise.catch(() => undefined);
  }

  /** Asks for the first certificate, and goes on asking until there is one. */
  start(): void {
    void this.renew();
  }

  get current(): HeldCertificate | undefined {
    return this.held;
  }

  get status(): CertificateStatus {
    const { notAfterMs, renewals, failures, fault } = this;
    return { serial: certificateFacts(this.held?.chain[0] ?? '')?.serial, notAfterMs, renewals, failures, fault };
  }

  /** The first certificate. Rejects with a SigningError when the authority refuses for good. */
  ready(): Promise<HeldCertificate> {
    return this.first.promise;
  }

  /** Calls `listener` with each certificate from now on. The result ends that. */
  onCertificate(listener: (held: HeldCertificate) => void): () => void {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }

  /** Asks now: the trust bundle has changed, or somebody wants to see a rotation. */
  async renew(): Promise<void> {
    if (this.asking || this.closed) return;
    this.asking = true;
    this.timer?.cancel();
    try {
      this.take(await this.ask());
    } catch (error) {
      this.failed(error instanceof Error ? error : new Error(String(error)));
    } finally {
      this.asking = false;
      this.arm();
    }
  }

  close(): void {
    this.closed = true;
    this.timer?.cancel();
    this.listeners.clear();
  }

  private async ask(): Promise<HeldCertificate> {
    const { signer, runtime } = this.options;
    const keys = await generateKeys();
    const csr = await createSigningRequest(keys, [this.uri]);
    const signed = await signer.sign(csr, this.held);
    const fault = certificateFault(signed, { keys, uri: this.uri, nowMs: runtime.clock.wallMs() });
    if (fault !== undefined) throw new SigningError(fault, true);
    return { ...signed, keys };
  }

  private take(held: HeldCertificate): void {
    if (this.closed) return;
    const { clock, random } = this.options.runtime;
    const now = clock.wallMs();
    const life = (certificateFacts(held.chain[0] ?? '')?.notAfterMs ?? now) - now;
    this.renewals += this.held === undefined ? 0 : 1;
    this.held = held;
    this.notAfterMs = now + life;
    this.dueMs = now + life * (RENEW_FROM + (RENEW_SPREAD * random.below(1000)) / 1000);
    this.attempts = 0;
    this.fault = undefined;
    this.log.info(
      `has a certificate for ${this.uri} until ${new Date(this.notAfterMs).toISOString()}; renews at ${new Date(this.dueMs).toISOString()}`,
    );
    this.first.resolve(held);
    for (const listener of this.listeners) listener(held);
  }

  private failed(error: Error): void {
    const final = error instanceof SigningError && !error.retriable;
    const { clock, random } = this.options.runtime;
    const waitMs = final ? LAST_RETRY_MS : Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** this.attempts);
    this.attempts += 1;
    this.failures += 1;
    this.fault = error.message;
    // Between half and the whole: after a restart of the authority not everybody comes in one moment.
    this.dueMs = clock.wallMs() + waitMs * (0.5 + random.below(500) / 1000);
    const left = this.notAfterMs - clock.wallMs();
    const state =
      this.held === undefined
        ? 'there is none yet'
        : left > 0
          ? `the one in use is valid until ${new Date(this.notAfterMs).toISOString()}`
          : 'the one in use has expired';
    this.log.warning(`no new certificate for ${this.uri}: ${error.message}; ${state}`);
    if (final) this.first.reject(error);
  }

  /** In short steps: a machine that slept, or whose clock was set, notices within a minute. */
  private arm(): void {
    if (this.closed) return;
    const { clock, timers } = this.options.runtime;
    const wait = Math.min(LONGEST_WAIT_MS, Math.max(0, this.dueMs - clock.wallMs()));
    this.timer = after(timers, wait, () => {
      if (clock.wallMs() < this.dueMs) this.arm();
      else void this.renew();
    });
  }
}
