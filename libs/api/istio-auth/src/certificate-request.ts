import { create, fromBinary, toBinary, type JsonObject, type Message } from '@bufbuild/protobuf';
import { requestSchema, responseSchema } from './descriptor.ts';

/** The method's path in gRPC. */
export const CREATE_CERTIFICATE = '/istio.v1.auth.IstioCertificateService/CreateCertificate';

/** Source: IstioCertificateRequest. */
export interface CertificateRequest {
  /** PEM. */
  readonly csr: string;
  /** Seconds; 0: the authority chooses. */
  readonly validityS: number;
  /** What the caller says of itself; nothing is decided by it. */
  readonly metadata: JsonObject;
}

type RequestMessage = Message & { csr: string; validityDuration: bigint; metadata?: JsonObject };
type ResponseMessage = Message & { certChain: string[] };

export function encodeCertificateRequest({ csr, validityS, metadata }: CertificateRequest): Uint8Array {
  return toBinary(requestSchema, create(requestSchema, { csr, validityDuration: BigInt(validityS), metadata }));
}

/** Undefined: the octets are no such message. */
export function decodeCertificateRequest(octets: Uint8Array): CertificateRequest | undefined {
  const message = decoded(() => fromBinary(requestSchema, octets)) as RequestMessage | undefined;
  if (message === undefined) return undefined;
  return { csr: message.csr, validityS: Number(message.validityDuration), metadata: message.metadata ?? {} };
}

/** The leaf first, the trust bundle last. Source: IstioCertificateResponse.cert_chain. */
export function encodeCertificateResponse(certChain: readonly string[]): Uint8Array {
  return toBinary(responseSchema, create(responseSchema, { certChain: [...certChain] }));
}

/** Undefined: the octets are no such message. */
export function decodeCertificateResponse(octets: Uint8Array): readonly string[] | undefined {
  return (decoded(() => fromBinary(responseSchema, octets)) as ResponseMessage | undefined)?.certChain;
}

function decoded(read: () => Message): Message | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
