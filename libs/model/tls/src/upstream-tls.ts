import type { CommonTls } from './tls-context.ts';

/** TLS towards upstream hosts. Source: UpstreamTlsContext. */
export interface UpstreamTls {
  readonly common: CommonTls;
  /** Sent exactly so; `''` sends none. */
  readonly sni: string;
  /** The host's configured name is sent instead. Default false. */
  readonly autoHostSni: boolean;
  /** The certificate must be for the SNI that was sent. Default false. */
  readonly autoSniSanValidation: boolean;
  /** How many sessions are kept for resumption. Default 1; 0: none. */
  readonly maxSessionKeys: number;
  /** Refuse a certificate with an RSA key that is not for the use that TLS makes of it. Default false. */
  readonly enforceRsaKeyUsage: boolean;
}
