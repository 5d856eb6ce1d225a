import { CREATE_CERTIFICATE, decodeCertificateResponse, encodeCertificateRequest } from '@weft/api-istio-auth';
import { GRPC_STATUS, grpcStatusName, type GrpcChannel, type GrpcMetadata, type GrpcStatus } from '@weft/core-grpc';
import { certificateFacts, privateKeyPem, splitCertificates } from '@weft/net-x509';
import {
  SigningError,
  type CertificateSigner,
  type HeldCertificate,
  type SignedCertificate,
} from './certificate-signer.ts';

/** What a channel to the authority is secured with, in PEM. */
export interface ChannelCredentials {
  readonly rootCa: string;
  readonly certificateChain?: string;
  readonly privateKey?: string;
}

export interface CaClientOptions {
  /** Makes a channel; it is closed after one call. */
  readonly connect: (credentials: ChannelCredentials) => GrpcChannel;
  /** The roots that the authority's own certificate is checked against until it told of others, in PEM. */
  readonly pinnedRoots: string;
  /** A token for this workload; asked for each call that shows no certificate. */
  readonly token: () => Promise<string | undefined>;
  /** Milliseconds since the epoch. */
  readonly wallMs: () => number;
  /** How long the certificate should live, in seconds; 0, the default: the authority chooses. */
  readonly validityS?: number;
  /** How long one call may take, in milliseconds. Default 10,000. */
  readonly timeoutMs?: number;
  /** Told to the authority; nothing is decided by it. Source: `ClusterID`, `WorkloadName`. */
  readonly metadata?: Readonly<Record<string, string>>;
}

const TIMEOUT_MS = 10_000;
const FINAL: readonly number[] = [
  GRPC_STATUS.INVALID_ARGUMENT,
  GRPC_STATUS.PERMISSION_DENIED,
  GRPC_STATUS.UNAUTHENTICATED,
  GRPC_STATUS.UNIMPLEMENTED,
];

/** Asks `istio.v1.auth.IstioCertificateService`: with the certificate that is held while it is good, else with a token. */
export class CaClient implements CertificateSigner {
  private readonly options: CaClientOptions;

  constructor(options: CaClientOptions) {
    this.options = options;
  }

  async sign(csr: string, held: HeldCertificate | undefined): Promise<SignedCertificate> {
    const notAfterMs = held === undefined ? 0 : (certificateFacts(held.chain[0] ?? '')?.notAfterMs ?? 0);
    if (held === undefined || notAfterMs <= this.options.wallMs()) return this.withToken(csr, held);
    try {
      return await this.call(csr, held, []);
    } catch (error) {
      // The authority may have forgotten the root of the certificate; a token is as good as at the first time.
      const token = await this.options.token();
      if (token === undefined) throw error;
      return this.call(csr, undefined, bearer(token), held.roots);
    }
  }

  private async withToken(csr: string, held: HeldCertificate | undefined): Promise<SignedCertificate> {
    const token = await this.options.token();
    if (token === undefined)
      throw new SigningError('there is neither a token nor a certificate to show to the authority', false);
    return this.call(csr, undefined, bearer(token), held?.roots);
  }

  private call(
    csr: string,
    shown: HeldCertificate | undefined,
    metadata: GrpcMetadata,
    roots: readonly string[] = shown?.roots ?? [],
  ): Promise<SignedCertificate> {
    const { connect, pinnedRoots, validityS = 0, timeoutMs = TIMEOUT_MS, metadata: about = {} } = this.options;
    const channel = connect(credentialsOf(shown, pinnedRoots, roots));
    return new Promise<SignedCertificate>((resolve, reject) => {
      let answer: Uint8Array | undefined;
      const receiver = {
        onMessage: (message: Uint8Array) => void (answer ??= message),
        onEnd: (status: GrpcStatus) => {
          if (status.code === GRPC_STATUS.OK) settle(answer, resolve, reject);
          else reject(refusal(status));
        },
      };
      const call = channel.call(CREATE_CERTIFICATE, receiver, { metadata, timeoutMs });
      call.send(encodeCertificateRequest({ csr, validityS, metadata: about }));
      call.end();
    }).finally(() => channel.close());
  }
}

/** What a channel to the control plane shows and trusts. `shown`: the workload's certificate; `roots`: what it was told of last. */
export function credentialsOf(
  shown: HeldCertificate | undefined,
  pinnedRoots: string,
  roots: readonly string[] = shown?.roots ?? [],
): ChannelCredentials {
  // What was pinned stays: an authority that was set up anew shows a root that no bundle told of.
  const rootCa = [...new Set([...splitCertificates(pinnedRoots), ...roots])].join('');
  if (shown === undefined) return { rootCa };
  return { rootCa, certificateChain: shown.chain.join(''), privateKey: privateKeyPem(shown.keys.privateKey) };
}

function settle(
  answer: Uint8Array | undefined,
  resolve: (signed: SignedCertificate) => void,
  reject: (error: SigningError) => void,
): void {
  const entries = answer === undefined ? undefined : decodeCertificateResponse(answer);
  const chain = entries?.slice(0, -1).flatMap(splitCertificates) ?? [];
  const roots = splitCertificates(entries?.at(-1) ?? '');
  if (chain.length === 0 || roots.length === 0)
    reject(new SigningError('the authority answered without a certificate chain and a root', true));
  else resolve({ chain, roots });
}

function refusal({ code, message }: GrpcStatus): SigningError {
  return new SigningError(`the authority answered ${grpcStatusName(code)}: ${message}`, !FINAL.includes(code));
}

function bearer(token: string): GrpcMetadata {
  return [['authorization', `Bearer ${token}`]];
}
