import {
  CREATE_CERTIFICATE,
  decodeCertificateRequest,
  encodeCertificateResponse,
  type CertificateRequest,
} from '@weft/api-istio-auth';
import {
  GRPC_STATUS,
  type GrpcHandler,
  type GrpcServerCall,
  type GrpcServices,
  type GrpcStatus,
} from '@weft/core-grpc';
import type { Logger } from '@weft/core-runtime';
import { formatIdentity, type WorkloadIdentity } from '@weft/model-identity';
import { authenticate, type Authenticator } from './authenticator.ts';
import type { CertificateAuthority, SignRefusal } from './certificate-authority.ts';

export interface CertificateServiceOptions {
  readonly authority: CertificateAuthority;
  /** Asked in this order. */
  readonly authenticators: readonly Authenticator[];
  readonly log: Logger;
}

const STATUS_OF: Readonly<Record<SignRefusal, number>> = {
  csr: GRPC_STATUS.INVALID_ARGUMENT,
  name: GRPC_STATUS.PERMISSION_DENIED,
  ttl: GRPC_STATUS.INVALID_ARGUMENT,
  authority: GRPC_STATUS.FAILED_PRECONDITION,
};

/** `istio.v1.auth.IstioCertificateService`, for our agent and for Istio's. */
export function certificateService(options: CertificateServiceOptions): GrpcServices {
  return new Map([[CREATE_CERTIFICATE, handler(options)]]);
}

function handler(options: CertificateServiceOptions): GrpcHandler {
  return (call) => {
    let answered = false;
    const end = (status: GrpcStatus): void => {
      answered = true;
      call.end(status);
    };
    return {
      onMessage: (message) => {
        if (answered) return;
        answered = true;
        answer(options, call, message).catch((error: unknown) => {
          options.log.error(
            `a certificate could not be made: ${error instanceof Error ? error.message : String(error)}`,
          );
          end({
            code: GRPC_STATUS.INTERNAL,
            message: 'the certificate could not be made; the log of the authority says why',
          });
        });
      },
      onHalfClose: () => {
        if (!answered) end({ code: GRPC_STATUS.INVALID_ARGUMENT, message: 'the call carries no request' });
      },
      onCancelled: () => undefined,
    };
  };
}

async function answer(options: CertificateServiceOptions, call: GrpcServerCall, message: Uint8Array): Promise<void> {
  const { authority, authenticators, log } = options;
  const caller = authenticate(authenticators, call);
  if (caller.kind !== 'caller') {
    authority.metrics.authenticationFailures += 1;
    const why = caller.kind === 'refused' ? caller.fault : 'the call carries neither a token nor a client certificate';
    log.warning(`refused a certificate to ${call.peerAddress}: ${why}`);
    return call.end({ code: GRPC_STATUS.UNAUTHENTICATED, message: why });
  }
  const request = decodeCertificateRequest(message);
  if (request === undefined)
    return call.end({ code: GRPC_STATUS.INVALID_ARGUMENT, message: 'the message is no IstioCertificateRequest' });
  return give(options, call, { request, identity: caller.identity });
}

async function give(
  { authority, log }: CertificateServiceOptions,
  call: GrpcServerCall,
  { request, identity }: { readonly request: CertificateRequest; readonly identity: WorkloadIdentity },
): Promise<void> {
  const signed = await authority.sign({ csr: request.csr, identity, ttlMs: request.validityS * 1000 });
  const who = `${formatIdentity(identity)} at ${call.peerAddress}`;
  if (!signed.ok) {
    log.warning(`refused a certificate to ${who}: ${signed.fault}`);
    return call.end({ code: STATUS_OF[signed.reason], message: signed.fault });
  }
  log.info(`gave a certificate to ${who}, until ${new Date(signed.notAfterMs).toISOString()}`);
  call.send(encodeCertificateResponse([...signed.chain, signed.roots.join('')]));
  return call.end();
}
