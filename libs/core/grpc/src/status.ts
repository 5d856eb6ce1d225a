/** How a call ended. Source: gRPC over HTTP/2, `grpc-status`, `grpc-message`. */
export interface GrpcStatus {
  /** One of GRPC_STATUS. */
  readonly code: number;
  /** For people; `''` where there is nothing to say. */
  readonly message: string;
}

/** Source: google/rpc/code.proto. */
export const GRPC_STATUS = {
  OK: 0,
  CANCELLED: 1,
  UNKNOWN: 2,
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  ALREADY_EXISTS: 6,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  ABORTED: 10,
  OUT_OF_RANGE: 11,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
  DATA_LOSS: 15,
  UNAUTHENTICATED: 16,
} as const;

/** `UNAVAILABLE` for 14; the number itself where it has no name. */
export function grpcStatusName(code: number): string {
  return Object.entries(GRPC_STATUS).find(([, value]) => value === code)?.[0] ?? String(code);
}

/** Names in lower case; `-bin` ones hold base64. */
export type GrpcMetadata = readonly (readonly [name: string, value: string])[];
