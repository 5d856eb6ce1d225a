import type { CommonTls } from './tls-context.ts';
import type { DataSource } from './data-source.ts';
import type { SecretReference } from './secret.ts';

/** TLS of accepted connections. Source: DownstreamTlsContext. */
export interface DownstreamTls {
  readonly common: CommonTls;
  /** Default false. */
  readonly requireClientCertificate: boolean;
  /** Default false. */
  readonly requireSni: boolean;
  /** 80 bytes each; the first one encrypts. Empty: keys are made up. */
  readonly sessionTicketKeys: readonly DataSource[];
  readonly sessionTicketKeysSecret: SecretReference | undefined;
  /** Session tickets. Default true. */
  readonly statelessResumption: boolean;
  /** Sessions kept by this process, for clients of TLS 1.2 without tickets. Default true. */
  readonly statefulResumption: boolean;
  /** Undefined: the library's, two hours. */
  readonly sessionTimeoutMs: number | undefined;
  readonly ocspStaplePolicy: 'LENIENT_STAPLING' | 'STRICT_STAPLING' | 'MUST_STAPLE';
  /** An SNI that no certificate is for: look at all certificates by key type, not only at the first. Default false. */
  readonly fullScanCertsOnSniMismatch: boolean;
  /** Default false: the server's order of ciphers counts. */
  readonly preferClientCiphers: boolean;
}
