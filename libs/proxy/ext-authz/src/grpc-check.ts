import {
  GRPC_STATUS,
  type GrpcCall,
  type GrpcChannel,
  type GrpcMetadata,
  type GrpcReceiver,
  type GrpcStatus,
} from '@weft/core-grpc';
import type { CheckAttributes } from './check-attributes.ts';
import { CHECK_FAILED, type CheckOutcome } from './check-outcome.ts';
import { encodeCheckRequest } from './check-request.encode.ts';
import { decodeCheckResponse } from './check-response.decode.ts';

const PATH = '/envoy.service.auth.v3.Authorization/Check';

/** A question under way. */
export interface Check {
  /** The answer is no longer wanted; it does not come. */
  cancel(): void;
}

/** Whoever asked. */
export interface CheckReceiver {
  /** Called once, unless the question was given up. */
  onChecked(outcome: CheckOutcome): void;
}

/** Whom to ask, and how. */
export interface GrpcCheckService {
  readonly channel: GrpcChannel;
  /** How long the answer may take, in milliseconds; 0: no limit. */
  readonly timeoutMs: number;
  /** Sent along: the trace that the request is part of. Default: nothing. */
  readonly metadata?: GrpcMetadata;
}

/** One question to a gRPC service: asked -> answered. The answer never comes before the constructor returned. */
export class GrpcCheck implements Check, GrpcReceiver {
  private readonly receiver: CheckReceiver;
  private readonly call: GrpcCall;
  private answer: CheckOutcome | undefined;

  constructor(service: GrpcCheckService, attributes: CheckAttributes, receiver: CheckReceiver) {
    const { channel, timeoutMs, metadata = [] } = service;
    this.receiver = receiver;
    this.call = channel.call(PATH, this, timeoutMs > 0 ? { timeoutMs, metadata } : { metadata });
    this.call.send(encodeCheckRequest(attributes));
    this.call.end();
  }

  cancel(): void {
    this.call.cancel();
  }

  onMessage(message: Uint8Array): void {
    this.answer = decodeCheckResponse(message) ?? CHECK_FAILED;
  }
  onEnd({ code }: GrpcStatus): void {
    this.receiver.onChecked(code === GRPC_STATUS.OK ? (this.answer ?? CHECK_FAILED) : CHECK_FAILED);
  }
}
