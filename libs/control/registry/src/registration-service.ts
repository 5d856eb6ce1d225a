import type { Authenticator } from '@weft/control-ca';
import { GRPC_STATUS, type GrpcHandler, type GrpcServerCall, type GrpcServices } from '@weft/core-grpc';
import { codeOfStatus, decodeRegistrationCall, DEREGISTER, REGISTER } from './registration-calls.ts';
import type { RegistryRequest, RegistryResponse, RegistryRoutes } from './registration-routes.ts';

export interface RegistrationServiceOptions {
  readonly routes: RegistryRoutes;
  /** By the certificate of the connection. */
  readonly authenticator: Authenticator;
}

/**
 * The registration API for workloads of other machines, over mutual TLS: certificate and token have to be of the same workload,
 * so that a token alone, wherever it was read, registers nobody.
 */
export function registrationService(options: RegistrationServiceOptions): GrpcServices {
  return new Map([
    [REGISTER, handler(options, 'PUT /v1/workloads/*/*')],
    [DEREGISTER, handler(options, 'DELETE /v1/workloads/*/*')],
  ]);
}

function handler(options: RegistrationServiceOptions, route: string): GrpcHandler {
  return (call) => {
    let answered = false;
    const once = (then: () => void): void => {
      if (answered) return;
      answered = true;
      then();
    };
    return {
      onMessage: (message) => once(() => answer(options, route, { call, message })),
      onHalfClose: () =>
        once(() => call.end({ code: GRPC_STATUS.INVALID_ARGUMENT, message: 'the call carries no request' })),
      onCancelled: () => once(() => undefined),
    };
  };
}

function answer(
  { routes, authenticator }: RegistrationServiceOptions,
  route: string,
  { call, message }: { readonly call: GrpcServerCall; readonly message: Uint8Array },
): void {
  const caller = authenticator(call);
  if (caller.kind !== 'caller') {
    const why = caller.kind === 'refused' ? caller.fault : 'the call carries no client certificate';
    return call.end({ code: GRPC_STATUS.UNAUTHENTICATED, message: why });
  }
  const asked = decodeRegistrationCall(message);
  if (asked === undefined)
    return call.end({ code: GRPC_STATUS.INVALID_ARGUMENT, message: 'the message is no registration' });
  const authorization = call.metadata.find(([name]) => name === 'authorization')?.[1];
  const request: RegistryRequest = {
    parts: [asked.namespace, asked.name],
    body: asked.body,
    headers: authorization === undefined ? {} : { authorization },
    caller: caller.identity,
  };
  return end(call, routes[route]?.(request) ?? { status: 500, body: {} });
}

function end(call: GrpcServerCall, { status, body }: RegistryResponse): void {
  if (status === 200) {
    call.send(Buffer.from(JSON.stringify(body)));
    return call.end();
  }
  const { error = '' } = body as { readonly error?: string };
  // Whose the name is does not fit in a status.
  if (status === 409) call.send(Buffer.from(JSON.stringify(body)));
  return call.end({ code: codeOfStatus(status), message: error });
}
