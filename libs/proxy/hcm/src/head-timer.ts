import type { Timer, TimerCallback } from '@weft/core-runtime';
import type { HttpConnection } from './http-connection.ts';

/**
 * How long a client may take over one request head (request_headers_timeout). It begins with the first byte that arrives
 * while no request is under way, and ends when a head is complete. Heads that arrive beside other streams are not timed.
 */
export class HeadTimer implements TimerCallback {
  private readonly connection: HttpConnection;
  private timer: Timer | undefined;

  constructor(connection: HttpConnection) {
    this.connection = connection;
  }

  onBytes(): void {
    const { hcm, activeStreams, http2 } = this.connection;
    // What arrives between the requests of HTTP/2 is mostly no head.
    if (this.timer === undefined && activeStreams === 0 && !http2)
      this.timer = hcm.runtime.timers.start(hcm.config.requestHeadersTimeoutMs, this);
  }

  cancel(): void {
    this.timer?.cancel();
    this.timer = undefined;
  }

  onTimer(): void {
    this.timer = undefined;
    this.connection.onHeadTimeout();
  }
}
