import { GRPC_STATUS } from '@weft/core-grpc';

/** The methods of the registration API over gRPC. Messages are JSON in UTF-8, as over HTTP. */
export const REGISTER = '/weft.registry.v1.WorkloadRegistry/Register';
export const DEREGISTER = '/weft.registry.v1.WorkloadRegistry/Deregister';

/** What both methods take. */
export interface RegistrationCall {
  readonly namespace: string;
  readonly name: string;
  /** What HTTP has in its body: JSON. */
  readonly body: string;
}

export function encodeRegistrationCall(call: RegistrationCall): Uint8Array {
  return Buffer.from(JSON.stringify(call));
}

/** Undefined: the octets are no such call. */
export function decodeRegistrationCall(octets: Uint8Array): RegistrationCall | undefined {
  try {
    const call = JSON.parse(Buffer.from(octets).toString('utf8')) as Partial<Record<keyof RegistrationCall, unknown>>;
    const { namespace, name, body } = call;
    return typeof namespace === 'string' && typeof name === 'string' && typeof body === 'string'
      ? { namespace, name, body }
      : undefined;
  } catch {
    return undefined;
  }
}

/** The answers that are no success, in both languages. */
const CODES: readonly (readonly [number, number])[] = [
  [400, GRPC_STATUS.INVALID_ARGUMENT],
  [401, GRPC_STATUS.UNAUTHENTICATED],
  [403, GRPC_STATUS.PERMISSION_DENIED],
  [404, GRPC_STATUS.NOT_FOUND],
  [409, GRPC_STATUS.ALREADY_EXISTS],
];

export function codeOfStatus(status: number): number {
  return CODES.find(([http]) => http === status)?.[1] ?? GRPC_STATUS.INTERNAL;
}

/** Undefined: the call came to nothing, and the registry has said nothing. */
export function statusOfCode(code: number): number | undefined {
  if (code === GRPC_STATUS.INTERNAL) return 500;
  return CODES.find(([, grpc]) => grpc === code)?.[0];
}
