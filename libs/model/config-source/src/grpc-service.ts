/** Whom a gRPC client calls. Source: envoy.config.core.v3.GrpcService. */
export type GrpcService = {
  /** How long one call may take, in milliseconds; 0: forever. `GrpcService.timeout`. */
  readonly timeoutMs: number;
  /** Sent with each call. `GrpcService.initial_metadata`; names in lower case. */
  readonly initialMetadata: readonly (readonly [name: string, value: string])[];
} & (
  | {
      /** A cluster of this proxy. */
      readonly kind: 'cluster';
      readonly cluster: string;
      /** `:authority`; default: the cluster's name. */
      readonly authority: string;
      /** How long a message of the server may be, in bytes. Absent: any length. `max_receive_message_length`. */
      readonly maxReceiveBytes?: number;
      /** The server is not told of this proxy by x-envoy-internal and x-forwarded-for. Default false. */
      readonly skipEnvoyHeaders?: boolean;
    }
  | {
      /** A server by its address, in plaintext (`google_grpc`). */
      readonly kind: 'target';
      readonly targetUri: string;
      readonly statPrefix: string;
    }
);
