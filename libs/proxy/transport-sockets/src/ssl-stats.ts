import type { Counter, StatsScope } from '@weft/core-stats';
import type { TlsConnectionInfo } from '@weft/core-http';
import type { VerifyFailureKind } from '@weft/net-tls';

/** TLS of one listener or cluster: `listener.<address>.ssl.`, `cluster.<name>.ssl.`. Names are Envoy's in camel case. */
export class SslStats {
  readonly connectionError: Counter;
  readonly handshake: Counter;
  readonly sessionReused: Counter;
  readonly noCertificate: Counter;
  readonly ocspStapleFailed: Counter;
  readonly ocspStapleOmitted: Counter;
  readonly ocspStapleResponses: Counter;
  readonly ocspStapleRequests: Counter;
  readonly wasKeyUsageInvalid: Counter;
  /** Peers that spoke something else than TLS. Weft's own. */
  readonly plaintextPeer: Counter;
  private readonly scope: StatsScope;
  private readonly tellsExpiry: boolean;
  private readonly verification: Readonly<Record<VerifyFailureKind, Counter>>;
  /** `ciphers.…` and its like, made when they first occur. */
  private readonly byName = new Map<string, Counter>();

  /** `tellsExpiry`: false leaves gauges of certificates to another worker. */
  constructor(scope: StatsScope, tellsExpiry = true) {
    this.tellsExpiry = tellsExpiry;
    this.scope = scope;
    this.connectionError = scope.counter('connection_error');
    this.handshake = scope.counter('handshake');
    this.sessionReused = scope.counter('session_reused');
    this.noCertificate = scope.counter('no_certificate');
    this.ocspStapleFailed = scope.counter('ocsp_staple_failed');
    this.ocspStapleOmitted = scope.counter('ocsp_staple_omitted');
    this.ocspStapleResponses = scope.counter('ocsp_staple_responses');
    this.ocspStapleRequests = scope.counter('ocsp_staple_requests');
    this.wasKeyUsageInvalid = scope.counter('was_key_usage_invalid');
    this.plaintextPeer = scope.counter('plaintext_peer');
    this.verification = {
      fail_verify_no_cert: scope.counter('fail_verify_no_cert'),
      fail_verify_error: scope.counter('fail_verify_error'),
      fail_verify_san: scope.counter('fail_verify_san'),
      fail_verify_cert_hash: scope.counter('fail_verify_cert_hash'),
    };
  }

  failed(kind: VerifyFailureKind): void {
    this.verification[kind].inc();
  }

  /** `curve`: the key exchange group; `''` where it is not known. */
  secured(info: TlsConnectionInfo, resumed: boolean, curve = ''): void {
    this.handshake.inc();
    if (resumed) this.sessionReused.inc();
    if (info.peer === undefined) this.noCertificate.inc();
    this.named('ciphers', info.cipher);
    this.named('versions', info.version);
    if (curve !== '') this.named('curves', curve);
  }

  /** `expiration_unix_time_seconds` of a certificate. */
  expires(name: string, validToMs: number): void {
    if (!this.tellsExpiry) return;
    this.scope.gauge(`certificate.${name}.expiration_unix_time_seconds`).set(Math.floor(validToMs / 1000));
  }

  private named(kind: 'ciphers' | 'versions' | 'curves', name: string): void {
    const key = `${kind}.${name}`;
    let counter = this.byName.get(key);
    if (counter === undefined) {
      counter = this.scope.counter(key);
      this.byName.set(key, counter);
    }
    counter.inc();
  }
}
