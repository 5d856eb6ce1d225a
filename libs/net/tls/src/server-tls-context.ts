import { hkdfSync, randomBytes } from 'node:crypto';
import type { SecureContextOptions } from 'node:tls';
import type { CertificateValidation, DownstreamTls } from '@weft/model-tls';
import { CertificateChoice } from './certificate-choice.ts';
import type { ClientHello } from './client-hello.ts';
import type { TlsMaterial } from './material.ts';
import { PeerRules } from './peer-rules.ts';
import {
  createCertifiedContext,
  NO_TICKET,
  PRIORITIZE_CHACHA,
  libraryMaterial,
  secureContextOptions,
  sessionScope,
  type CertifiedContext,
} from './secure-context.ts';

/** What is made of one configuration and the certificates that it names. Immutable: new certificates make a new one. */
export class ServerTlsContext {
  readonly config: DownstreamTls;
  readonly certificates: readonly CertifiedContext[];
  /** Undefined: clients are not asked for a certificate, or nothing is verified of it. */
  readonly peerRules: PeerRules | undefined;
  readonly clientCertificate: 'none' | 'optional' | 'required';
  private readonly choice: CertificateChoice;

  /**
   * `validation`: the configured one with what a secret adds. `ticketSecret`: contexts with the same one and the same
   * configuration resume each other's sessions. Throws a sentence where a certificate or a CA cannot be used.
   */
  constructor(
    config: DownstreamTls,
    validation: CertificateValidation | undefined,
    material: TlsMaterial,
    ticketSecret?: Uint8Array,
  ) {
    this.config = config;
    this.peerRules = validation && new PeerRules(validation, material);
    this.clientCertificate = certificateMode(config, validation, this.peerRules);
    const forLibrary = libraryMaterial(validation, material);
    const options = serverOptions(config, validation, material, ticketSecret);
    this.certificates = material.certificates.map((certificate) =>
      createCertifiedContext(certificate, {
        ...secureContextOptions(config.common.params, forLibrary, certificate),
        ...options,
      }),
    );
    if (this.certificates.length === 0) throw new Error('there is no certificate');
    for (const { material: read, mustStaple, ocsp } of this.certificates)
      if (ocsp === undefined && (mustStaple || config.ocspStaplePolicy === 'MUST_STAPLE'))
        throw new Error(
          `the certificate of ${read.path} needs an ocsp_staple: ${mustStaple ? 'it says so itself' : 'the policy is MUST_STAPLE'}`,
        );
    this.choice = new CertificateChoice(this.certificates, config.fullScanCertsOnSniMismatch);
  }

  certificateFor(hello: ClientHello | undefined): CertifiedContext {
    return this.choice.choose(hello);
  }

  /** The server's order counts; without overlap the connection goes on without ALPN, as in Envoy. */
  protocolFor(hello: ClientHello | undefined): string | undefined {
    if (hello === undefined || hello.alpn.length === 0) return undefined;
    return this.config.common.alpnProtocols.find((protocol) => hello.alpn.includes(protocol));
  }
}

function certificateMode(
  config: DownstreamTls,
  validation: CertificateValidation | undefined,
  rules: PeerRules | undefined,
): ServerTlsContext['clientCertificate'] {
  if (config.requireClientCertificate || rules?.certificateRequired === true) return 'required';
  const asks = rules !== undefined && (rules.trustedCa.length > 0 || validation?.acceptUntrusted === true);
  return asks ? 'optional' : 'none';
}

function serverOptions(
  config: DownstreamTls,
  validation: CertificateValidation | undefined,
  material: TlsMaterial,
  ticketSecret: Uint8Array | undefined,
): SecureContextOptions {
  const { common, sessionTimeoutMs, statelessResumption, preferClientCiphers } = config;
  const [ticketKey] = material.ticketKeys;
  const scope = sessionScope(material.trustedCa, material.crl, validation, config.requireClientCertificate);
  return {
    honorCipherOrder: !preferClientCiphers,
    secureOptions: (statelessResumption ? 0 : NO_TICKET) | (common.params.chachaByClient ? PRIORITIZE_CHACHA : 0),
    sessionIdContext: scope,
    ticketKeys:
      ticketKey === undefined ? ownTicketKey(ticketSecret, [scope, material.certificates]) : nodeTicketKey(ticketKey),
    ...(sessionTimeoutMs === undefined ? {} : { sessionTimeout: Math.max(1, Math.ceil(sessionTimeoutMs / 1000)) }),
  };
}

/** Made up, or made from what all workers of a process share. */
function ownTicketKey(secret: Uint8Array | undefined, use: unknown): Buffer {
  if (secret === undefined) return randomBytes(48);
  return Buffer.from(hkdfSync('sha256', secret, '', sessionScope(use), 48));
}

/** Envoy's keys have 16 bytes of name, 32 of HMAC key and 32 of AES key; Node's have 16 of each. */
function nodeTicketKey(key: Buffer): Buffer {
  if (key.length !== 80) throw new Error(`a session ticket key has ${key.length} bytes, and must have 80`);
  return Buffer.concat([key.subarray(0, 16), key.subarray(16, 32), key.subarray(48, 64)]);
}
