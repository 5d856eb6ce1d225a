import type { Transport } from '@weft/core-bytes';
import type { ConnectionHandler, NetworkFilterFactory } from '@weft/proxy-filter-api';

/** The echo network filter: what a client sends comes back. */
export const echoFactory: NetworkFilterFactory<object> = {
  typeName: 'envoy.extensions.filters.network.echo.v3.Echo',
  decode: () => ({}),
  prepare: () => ({ create: ({ transport }) => new Echo(transport), close: () => undefined }),
};

class Echo implements ConnectionHandler {
  readonly tunnel = true;
  private readonly transport: Transport;
  private paused = false;

  constructor(transport: Transport) {
    this.transport = transport;
  }
  onData(chunk: Buffer): void {
    if (this.transport.write(chunk) || this.paused) return;
    this.paused = true;
    this.transport.pauseReading();
  }
  onEnd(): void {
    this.transport.end();
  }
  onDrain(): void {
    if (!this.paused) return;
    this.paused = false;
    this.transport.resumeReading();
  }
  onClose(): void {
    // Nothing is kept.
  }
  drain(): void {
    // Only the client knows when it is done.
  }
}
