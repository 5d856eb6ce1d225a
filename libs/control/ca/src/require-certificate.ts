import { GRPC_STATUS, type GrpcHandler, type GrpcServices } from '@weft/core-grpc';

const REFUSAL = {
  code: GRPC_STATUS.UNAUTHENTICATED,
  message: 'this port answers callers with a certificate of the mesh only: ask the certificate service first',
};

/** The same services for callers with a verified certificate; others get UNAUTHENTICATED, and no handler hears of them. */
export function requireCertificate(services: GrpcServices): GrpcServices {
  return new Map([...services].map(([path, handler]) => [path, guarded(handler)]));
}

function guarded(handler: GrpcHandler): GrpcHandler {
  return (call) => {
    if (call.peerCertificate !== undefined) return handler(call);
    call.end(REFUSAL);
    return { onMessage: () => undefined, onHalfClose: () => undefined, onCancelled: () => undefined };
  };
}
