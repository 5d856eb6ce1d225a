import { after, type Logger, type Runtime, type Timer } from '@weft/core-runtime';
import type { WorkloadIdentity } from '@weft/model-identity';
import { createSigningRequest, generateKeys, privateKeyPem } from '@weft/net-x509';
import type { CertificateAuthority } from './certificate-authority.ts';

/** What a server of the control plane shows and whom it trusts, in PEM. */
export interface ServingMaterial {
  readonly certificateChain: string;
  readonly privateKey: string;
  /** The trust bundle. */
  readonly clientCa: string;
}

export interface ServingOptions {
  readonly authority: CertificateAuthority;
  readonly identity: WorkloadIdentity;
  readonly dnsNames: readonly string[];
  /** IP addresses without ports. */
  readonly addresses: readonly string[];
  readonly runtime: Runtime;
  /** Called with the first material, and again whenever certificate or trust bundle are new. */
  readonly use: (material: ServingMaterial) => void;
}

const LONGEST_WAIT_MS = 60_000;
const RETRY_MS = 10_000;

/** The certificate of the control plane itself: signed by its own authority, renewed at half of its life, key in memory only. */
export class ServingCertificate {
  private readonly options: ServingOptions;
  private readonly log: Logger;
  private readonly forget: () => void;
  private material: Omit<ServingMaterial, 'clientCa'> | undefined;
  private renewAtMs = 0;
  private timer: Timer | undefined;
  private closed = false;

  /** Rejects when the authority does not sign. */
  static async open(options: ServingOptions): Promise<ServingCertificate> {
    const serving = new ServingCertificate(options);
    await serving.renew();
    serving.arm();
    return serving;
  }

  private constructor(options: ServingOptions) {
    this.options = options;
    this.log = options.runtime.loggers.get('ca');
    this.forget = options.authority.onTrustBundle(() => this.apply());
  }

  close(): void {
    this.closed = true;
    this.timer?.cancel();
    this.forget();
  }

  private async renew(): Promise<void> {
    const { authority, identity, dnsNames, addresses, runtime } = this.options;
    const keys = await generateKeys();
    const csr = await createSigningRequest(keys, []);
    const signed = await authority.sign({ csr, identity, serving: { dnsNames, addresses } });
    if (!signed.ok) throw new Error(`the control plane has no certificate: ${signed.fault}`);
    const now = runtime.clock.wallMs();
    this.renewAtMs = now + (signed.notAfterMs - now) / 2;
    this.material = { certificateChain: signed.chain.join(''), privateKey: privateKeyPem(keys.privateKey) };
    this.apply();
  }

  private apply(): void {
    if (this.material === undefined) return;
    this.options.use({ ...this.material, clientCa: this.options.authority.trustBundle().join('') });
  }

  /** In short steps: a machine that slept, or whose clock was set, notices within a minute. */
  private arm(failed = false): void {
    if (this.closed) return;
    const { clock, timers } = this.options.runtime;
    const wait = failed ? RETRY_MS : Math.min(LONGEST_WAIT_MS, Math.max(0, this.renewAtMs - clock.wallMs()));
    this.timer = after(timers, wait, () => {
      if (clock.wallMs() < this.renewAtMs) return this.arm();
      this.renew().then(
        () => this.arm(),
        (error: unknown) => {
          this.log.error(error instanceof Error ? error.message : String(error));
          this.arm(true);
        },
      );
    });
  }
}
