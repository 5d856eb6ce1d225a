import type { SecureContext, TLSSocket } from 'node:tls';
import type { CertificateValidation, UpstreamTls } from '@weft/model-tls';
import type { Certificate } from './certificate.ts';
import { keyUsageIsWrong } from './key-usage.ts';
import type { TlsMaterial } from './material.ts';
import { PeerRules, type PeerVerdict } from './peer-rules.ts';
import {
  createBareContext,
  createCertifiedContext,
  libraryMaterial,
  secureContextOptions,
  type CertifiedContext,
} from './secure-context.ts';
import { SecuredInfo } from './secured-info.ts';
import { chainErrorOf, peerCertificateOf } from './tls-internals.ts';

/** As many as there are sessions to resume. */
const MAX_KNOWN = 1024;

/** A secured connection to an upstream, judged. */
export interface JudgedPeer {
  readonly verdict: PeerVerdict;
  readonly info: SecuredInfo;
  /** The certificate's key is not for the use that TLS made of it. */
  readonly keyUsageWrong: boolean;
}

/** What is made of one UpstreamTls and the certificates that it names. Immutable: new certificates make a new one. */
export class ClientTlsContext {
  readonly config: UpstreamTls;
  readonly secure: SecureContext;
  /** The client's own; undefined without. */
  readonly own: CertifiedContext | undefined;
  /** Undefined: nothing is verified. */
  readonly peerRules: PeerRules | undefined;
  /** Peers of whole handshakes, by their certificate's hash: a resumed session has the leaf alone. */
  private readonly known = new Map<string, Certificate>();

  /** Throws a sentence where the certificate or the CA cannot be used. */
  constructor(config: UpstreamTls, validation: CertificateValidation | undefined, material: TlsMaterial) {
    this.config = config;
    this.peerRules = validation && new PeerRules(validation, material);
    const [certificate] = material.certificates;
    const options = secureContextOptions(config.common.params, libraryMaterial(validation, material), certificate);
    this.own = certificate && createCertifiedContext(certificate, options);
    this.secure = this.own?.secure ?? createBareContext(options);
  }

  /** Judges the peer of a socket that has shaken hands. `sni`: the name that was sent. Once for each socket. */
  judge(socket: TLSSocket, sni: string): JudgedPeer {
    const peer = this.withChain(socket);
    const info = (verified: boolean): SecuredInfo =>
      new SecuredInfo(socket, { serverName: sni, own: this.own?.leaf, peer, peerVerified: verified });
    const keyUsageWrong = peer !== undefined && keyUsageIsWrong(peer, socket.getCipher().name);
    if (keyUsageWrong && this.config.enforceRsaKeyUsage)
      return { verdict: refuse('KEY_USAGE_BIT_INCORRECT'), info: info(false), keyUsageWrong };
    const verdict = this.verdictOn(socket, peer, sni);
    return { verdict, info: info(verdict.kind === 'accepted' && verdict.verified), keyUsageWrong };
  }

  private withChain(socket: TLSSocket): Certificate | undefined {
    const peer = peerCertificateOf(socket);
    if (peer === undefined) return undefined;
    const { sha256Fingerprint } = peer;
    if (socket.isSessionReused()) return this.known.get(sha256Fingerprint) ?? peer;
    this.known.delete(sha256Fingerprint);
    this.known.set(sha256Fingerprint, peer);
    const [oldest] = this.known.keys();
    if (this.known.size > MAX_KNOWN && oldest !== undefined) this.known.delete(oldest);
    return peer;
  }

  private verdictOn(socket: TLSSocket, peer: Certificate | undefined, sni: string): PeerVerdict {
    const { peerRules: rules, config } = this;
    if (rules === undefined) return { kind: 'accepted', verified: false, counted: undefined };
    if (peer === undefined) return refuse('CERTIFICATE_VERIFY_FAILED: verify cert failed: empty cert chain');
    return rules.judge({
      certificate: peer,
      chainError: chainErrorOf(socket),
      requiredName: config.autoSniSanValidation ? sni : '',
    });
  }
}

function refuse(reason: string): PeerVerdict {
  return { kind: 'refused', counted: 'fail_verify_error', reason };
}
