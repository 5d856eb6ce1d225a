import type { Message } from '@bufbuild/protobuf';
import type { DecodeContext } from '@weft/api-envoy';

/** One resource as it arrived: its form is good and it keeps the rules of the API. */
export interface ReceivedResource {
  readonly name: string;
  /** Its own version (incremental), or that of the whole response. */
  readonly version: string;
  readonly message: Message;
  /** What the message was read from. */
  readonly octets: Uint8Array;
  /** The place to report its faults at. It is this resource's and this watcher's alone: a fault here refuses this resource. */
  readonly cx: DecodeContext;
}

/**
 * What became different, of one type. Resources that arrive again as they are in force are not in it, whichever protocol
 * brought them: whoever watches keeps what it has, puts in `added`, and takes out `removed`.
 */
export interface ResourceUpdate {
  /** `full`: the source told its whole state; `incremental`: a difference. Either way the lists below are differences. */
  readonly kind: 'full' | 'incremental';
  /** `version_info`, `system_version_info`. */
  readonly version: string;
  /** New or changed, in the order they came. */
  readonly added: readonly ReceivedResource[];
  readonly removed: readonly string[];
}

/** Whoever uses the resources of one subscription. */
export interface ResourceWatcher {
  /**
   * Something changed. Decode each resource; what has faults at its `cx` afterwards was refused and must not be in use: what
   * was in force under its name stays. All others were taken. Resolves when that is so, not when what it needs in turn
   * (clusters their hosts, listeners their routes) has come: the answer to the server waits for it. What is thrown refuses all
   * of the update. Calls do not overlap: the next waits for the promise.
   */
  onUpdate(update: ResourceUpdate): Promise<void>;
  /**
   * True: whoever waits cannot serve without the resource (routes, certificates), so that the server's word that there is none
   * yet is no answer: it is waited for until the initial fetch times out. Default false.
   */
  readonly needsResource?: boolean;
  /**
   * A response arrived that is refused whole, and these resources are what could be read of it. Report at their places
   * whatever else is wrong with them, so that all is told at once; put nothing to use. Optional.
   */
  judge?(update: ResourceUpdate): Promise<void> | void;
  /**
   * The first update was waited for in vain (`initial_fetch_timeout`), or was refused: go on without. Called at most once, and
   * never after an update that was taken. What comes later is told as ever.
   */
  onFetchTimeout?(): void;
}

/** Where resources come from: a file, a stream, a polled endpoint. */
export interface Subscription {
  /**
   * Begins. Resolves when the first update was taken or refused, or the initial fetch timed out, or (of a file) cannot be had:
   * what came of it is in the stats and log.
   */
  start(): Promise<void>;
  /** Asks for other resources from now on. Those of names no longer asked for are forgotten without a word. Not of files. */
  setNames?(names: readonly string[]): void;
  /** Asks once more for names that it has asked for, to learn how things are now. Not of files. */
  askAgain?(names: readonly string[]): void;
  close(): void;
}
