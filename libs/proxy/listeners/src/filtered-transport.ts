import type { Transport, TransportReceiver } from '@weft/core-bytes';
import type { NetworkFilter } from '@weft/proxy-filter-api';

/** The transport that a terminal filter behind others gets: what it writes is shown to them, the last one first. */
export class FilteredTransport implements Transport {
  private readonly transport: Transport;
  private readonly writers: readonly NetworkFilter[];

  constructor(transport: Transport, writers: readonly NetworkFilter[]) {
    this.transport = transport;
    this.writers = writers;
  }

  setReceiver(receiver: TransportReceiver): void {
    this.transport.setReceiver(receiver);
  }
  write(chunk: Buffer): boolean {
    for (const writer of this.writers) writer.onWrite?.(chunk);
    return this.transport.write(chunk);
  }
  writeLatin1(text: string): boolean {
    if (this.writers.length === 0) return this.transport.writeLatin1(text);
    return this.write(Buffer.from(text, 'latin1'));
  }
  lendReads(): void {
    this.transport.lendReads?.();
  }
  writeLent(chunk: Buffer): boolean {
    const { transport } = this;
    for (const writer of this.writers) writer.onWrite?.(chunk);
    return transport.writeLent === undefined ? transport.write(Buffer.from(chunk)) : transport.writeLent(chunk);
  }
  end(): void {
    this.transport.end();
  }
  close(): void {
    this.transport.close();
  }
  destroy(): void {
    this.transport.destroy();
  }
  pauseReading(): void {
    this.transport.pauseReading();
  }
  resumeReading(): void {
    this.transport.resumeReading();
  }
  get bufferedBytes(): number {
    return this.transport.bufferedBytes;
  }
  get bytesWritten(): number {
    return this.transport.bytesWritten;
  }
  get closed(): boolean {
    return this.transport.closed;
  }
}
