import { createHash, type X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { CertificateValidation, SanMatcher, TextSource, UpstreamTls } from '@weft/model-cluster';
import { createTlsClientContext, type TlsClientContext, type TlsClientOptions } from '@weft/net-tcp';
import type { ClusterSslStats } from './cluster-stats.ts';
import type { UpstreamHost } from './host.ts';
import type { PoolKind } from './pool-kind.ts';
import { subjectAltNames } from './subject-alt-names.ts';

/** The environment, for certificates that are kept in it. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** TLS of one cluster, compiled: keys and certificates are read here, once for each configuration. */
export class UpstreamTlsContexts {
  private readonly tls: UpstreamTls;
  private readonly ssl: ClusterSslStats | undefined;
  /** PEM, as it was read. */
  readonly texts: TlsTexts;
  /** By SNI and protocols: each has its own sessions. */
  private readonly contexts = new Map<string, TlsClientContext>();

  /** Throws where a file cannot be read or holds no certificate; `upstreamTlsFault` asks before. */
  constructor(tls: UpstreamTls, environment: Environment, ssl?: ClusterSslStats) {
    this.tls = tls;
    this.ssl = ssl;
    this.texts = readTexts(tls, environment);
    this.contextFor(tls.sni, tls.alpnProtocols);
  }

  forHost(host: UpstreamHost, kind: PoolKind): TlsClientContext {
    const { tls } = this;
    const sni = kind.sni ?? (tls.autoHostSni && host.hostname !== '' ? host.hostname : tls.sni);
    return this.contextFor(sni, tls.alpnProtocols.length > 0 ? tls.alpnProtocols : kind.alpn);
  }

  private contextFor(sni: string, alpn: readonly string[]): TlsClientContext {
    const key = `${sni} ${alpn.join()}`;
    let context = this.contexts.get(key);
    if (context === undefined) {
      context = createTlsClientContext(this.options(sni, alpn));
      this.contexts.set(key, context);
    }
    return context;
  }

  private options(serverName: string, alpn: readonly string[]): TlsClientOptions {
    const { tls, texts } = this;
    return {
      serverName,
      alpn,
      minVersion: tls.minVersion,
      maxVersion: tls.maxVersion,
      ciphers: tls.cipherSuites,
      requireTrust: tls.validation?.acceptUntrusted !== true,
      verifyPeer: (certificate) => this.refuse(certificate, serverName),
      ...texts,
    };
  }

  private refuse(certificate: X509Certificate | undefined, sni: string): string | undefined {
    const { validation, autoSniSanValidation } = this.tls;
    if (validation !== undefined) {
      const refusal = refuseHashes(validation, certificate);
      if (refusal !== undefined) {
        this.ssl?.failVerifyCertHash.inc();
        return refusal;
      }
    }
    const wanted = validation?.subjectAltNames ?? [];
    const matches = certificate !== undefined && namesMatch(certificate, wanted, autoSniSanValidation ? sni : '');
    if ((wanted.length === 0 && !autoSniSanValidation) || matches) return undefined;
    this.ssl?.failVerifySan.inc();
    const names = subjectAltNames(certificate?.subjectAltName).map((name) => name.value);
    return `the peer's certificate is for ${names.join(', ') || 'no name'}, which the cluster does not accept`;
  }
}

/** What is wrong with the keys and certificates of a cluster, in words; undefined when nothing is. */
export function upstreamTlsFault(tls: UpstreamTls | undefined, environment: Environment): string | undefined {
  if (tls === undefined) return undefined;
  try {
    new UpstreamTlsContexts(tls, environment);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

export type TlsTexts = Pick<TlsClientOptions, 'ca' | 'cert' | 'key'>;

function readTexts(tls: UpstreamTls, environment: Environment): TlsTexts {
  const ca = tls.validation?.trustedCa;
  return {
    ...(ca === undefined ? {} : { ca: readText(ca, environment) }),
    ...(tls.certificate === undefined
      ? {}
      : { cert: readText(tls.certificate.chain, environment), key: readText(tls.certificate.key, environment) }),
  };
}

function readText(source: TextSource, environment: Environment): string {
  if (source.kind === 'inline') return source.text;
  if (source.kind === 'file') return readFileSync(source.path, 'utf8');
  const value = environment[source.variable];
  if (value === undefined) throw new Error(`the environment variable ${source.variable} is not set`);
  return value;
}

function refuseHashes(validation: CertificateValidation, certificate: X509Certificate | undefined): string | undefined {
  const { certificateHashes, spkiHashes } = validation;
  if (certificateHashes.length === 0 && spkiHashes.length === 0) return undefined;
  // One match in either list is enough, as in Envoy.
  if (certificate !== undefined) {
    if (certificateHashes.includes(certificate.fingerprint256.replaceAll(':', '').toLowerCase())) return undefined;
    const key = certificate.publicKey.export({ type: 'spki', format: 'der' });
    if (spkiHashes.includes(createHash('sha256').update(key).digest('base64'))) return undefined;
  }
  return "the peer's certificate has none of the hashes that the cluster accepts";
}

function namesMatch(certificate: X509Certificate, wanted: readonly SanMatcher[], sni: string): boolean {
  // The library's own check knows wildcards; it looks at the subject only where there are no names, and never here.
  if (sni !== '' && certificate.checkHost(sni, { subject: 'never' }) !== undefined) return true;
  const names = subjectAltNames(certificate.subjectAltName);
  return wanted.some(({ type, matcher }) => names.some((name) => name.type === type && matcher.matches(name.value)));
}
