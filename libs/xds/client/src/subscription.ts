import type { Message } from '@bufbuild/protobuf';
import type { DecodeContext, Fault } from '@weft/api-envoy';

/** One resource as it arrived, with the place to report its faults at. */
export interface ReceivedResource {
  readonly message: Message;
  readonly cx: DecodeContext;
}

/** A whole set of resources of one type, state of the world. */
export interface ResourceUpdate {
  readonly version: string;
  readonly resources: readonly ReceivedResource[];
}

/** Whoever uses the resources of one subscription. */
export interface ResourceWatcher {
  /**
   * A new set arrived. Decode all of it first; apply it only when nothing is wrong. Returns every fault: an empty list
   * accepts (ACK), any other keeps the last good set (NACK). Calls do not overlap: the next waits for the promise.
   */
  onUpdate(update: ResourceUpdate): Promise<readonly Fault[]>;
  /**
   * A set arrived whose text has faults already, and these resources are what could be read of it. Report at their places
   * whatever else is wrong with them, so that all is told at once; put nothing to use. Optional.
   */
  judge?(update: ResourceUpdate): void;
}

/** Where resources come from: a file now, a gRPC stream likewise. */
export interface Subscription {
  /** Begins. Resolves when the first set was accepted or refused, or cannot be had: what came of it is in the stats and log. */
  start(): Promise<void>;
  close(): void;
}
