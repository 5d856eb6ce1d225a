import type { Root } from './root.ts';

/** One line of a metrics page. */
export interface MetricSample {
  readonly name: string;
  readonly help: string;
  readonly kind: 'counter' | 'gauge';
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** What the authority counts. The names are Istio's where it has one. */
export class CaMetrics {
  /** Signing requests received. */
  requests = 0;
  issued = 0;
  /** Calls without a credential that is good. */
  authenticationFailures = 0;
  private parsing = 0;
  private readonly signing = new Map<string, number>();

  refused(reason: string): void {
    if (reason === 'csr') this.parsing += 1;
    else this.signing.set(reason, (this.signing.get(reason) ?? 0) + 1);
  }

  counters(): readonly MetricSample[] {
    const counter = (name: string, help: string, value: number): MetricSample => ({
      name: `citadel_server_${name}`,
      help,
      kind: 'counter',
      labels: {},
      value,
    });
    return [
      counter('csr_count', 'signing requests received', this.requests),
      counter('success_cert_issuance_count', 'certificates issued', this.issued),
      counter('authentication_failure_count', 'calls without a good credential', this.authenticationFailures),
      counter('csr_parsing_err_count', 'signing requests that could not be read', this.parsing),
      ...[...this.signing].map(([error, value]) => ({
        ...counter('csr_sign_err_count', 'signing requests that were refused', value),
        labels: { error },
      })),
    ];
  }
}

/** When roots and the signing certificate expire. `cert_expiry_seconds` is what alerts should watch. */
export function expiryMetrics(
  roots: readonly Omit<Root, 'certificate'>[],
  signerMs: number,
  nowMs: number,
): MetricSample[] {
  const gauge = (name: string, help: string, value: number): MetricSample => ({
    name,
    help,
    kind: 'gauge',
    labels: {},
    value,
  });
  const seconds = (ms: number): number => Math.floor(ms / 1000);
  const rootMs = roots.find(({ phase }) => phase === 'signing')?.notAfterMs ?? 0;
  return [
    gauge('citadel_server_root_cert_expiry_timestamp', 'when the root expires, Unix time', seconds(rootMs)),
    gauge('citadel_server_root_cert_expiry_seconds', 'until the root expires', seconds(rootMs - nowMs)),
    gauge('citadel_server_cert_chain_expiry_timestamp', 'when the signer expires, Unix time', seconds(signerMs)),
    gauge('citadel_server_cert_chain_expiry_seconds', 'until the signer expires', seconds(signerMs - nowMs)),
    ...roots.map(({ id, phase, notAfterMs }) => ({
      ...gauge('cert_expiry_seconds', 'until a certificate expires', seconds(notAfterMs - nowMs)),
      labels: { use: 'root', id, phase },
    })),
  ];
}
