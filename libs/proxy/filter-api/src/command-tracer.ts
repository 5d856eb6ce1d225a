import type { SocketAddress } from '@weft/core-http';

/** Makes spans of commands whose protocol carries no trace context (Redis): each is a trace of its own. */
export interface CommandTracer {
  /** Called when a command arrives. `system` is the protocol, `command` its name in lower case. Undefined: not sampled. */
  start(system: string, command: string): CommandSpan | undefined;
}

/** One command, until its reply is there. What it was about (keys, values) has no place in it: that may be secret. */
export interface CommandSpan {
  /** Where it goes; no address: the cluster has no host for it. Of several places the first is kept. */
  sentTo(cluster: string, address: SocketAddress | undefined): void;
  /** The reply is there, or there will be none. `error`: what went wrong, in a word. Later calls do nothing. */
  finish(error: string | undefined): void;
}
