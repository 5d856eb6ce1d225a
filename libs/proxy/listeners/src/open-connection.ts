import type { Transport, TransportClose, TransportReceiver } from '@weft/core-bytes';
import { RequestHeaderMap, type DownstreamConnection, type StreamInfo } from '@weft/core-http';
import type { Connection, ConnectionHandler, PreparedNetworkFilter } from '@weft/proxy-filter-api';
import type { ListenerConnection } from './listener-connection.ts';
import type { ConnectionLogger } from './listener-extensions.ts';
import { NetworkFilterChain } from './network-filter-chain.ts';
import type { PreparedChain } from './prepared-listener.ts';

/** What the listener's access logs tell of a connection. */
export interface ConnectionRecord {
  readonly info: StreamInfo;
  readonly loggers: readonly ConnectionLogger[];
}

const NO_REQUEST = new RequestHeaderMap('', '', '');

/** Writes the line of a connection that is over. */
export function logConnection(record: ConnectionRecord, nowMs: number): void {
  record.info.endMs = nowMs;
  record.info.accessLogType = 'NotSet';
  record.info.noteRefusal();
  for (const logger of record.loggers) logger.log(record.info, NO_REQUEST, undefined);
}

/** Whoever accepted it. */
export interface OpenConnectionOwner {
  /** By Clock.nowMs. */
  readonly nowMs: number;
  ended(connection: ListenerConnection, startMs: number, record: ConnectionRecord | undefined): void;
}

/** Passes a connection's bytes to its handler, and its end to the listener too. */
export class OpenConnection implements TransportReceiver, ListenerConnection {
  readonly chain: PreparedChain;
  readonly startMs: number;
  private readonly transport: Transport;
  private readonly info: DownstreamConnection;
  private readonly handler: ConnectionHandler;
  private readonly listener: OpenConnectionOwner;
  private readonly record: ConnectionRecord | undefined;
  private receivedBytes = 0;

  constructor(listener: OpenConnectionOwner, chain: PreparedChain, connection: Connection, opened: Opened) {
    this.listener = listener;
    this.chain = chain;
    this.transport = connection.transport;
    this.info = connection.info;
    this.startMs = opened.startMs;
    this.record = opened.record;
    this.handler =
      chain.reads.length === 0
        ? (chain.terminal as PreparedNetworkFilter).create(connection)
        : new NetworkFilterChain(chain, connection);
  }

  /** Begins to read. Called once, when the listener knows of the connection. */
  begin(): void {
    if (this.handler instanceof NetworkFilterChain) this.handler.start();
    this.transport.setReceiver(this);
  }

  get tunnel(): boolean {
    return this.handler.tunnel === true;
  }
  drain(): void {
    this.handler.drain();
  }
  destroy(): void {
    this.transport.destroy();
  }

  onData(chunk: Buffer): void {
    this.receivedBytes += chunk.length;
    this.handler.onData(chunk);
  }
  onEnd(): void {
    this.handler.onEnd();
  }
  onDrain(): void {
    this.handler.onDrain();
  }
  onClose(close: TransportClose): void {
    if (isReset(close)) this.info.detectedCloseType = 'RemoteReset';
    this.handler.onClose(close);
    if (this.handler instanceof NetworkFilterChain && !this.handler.served) this.tellLost(close);
    if (this.record !== undefined) {
      this.record.info.bytesReceived = this.receivedBytes;
      this.record.info.bytesSent = this.transport.bytesWritten;
    }
    this.listener.ended(this, this.startMs, this.record);
  }

  /** Filters did not let it pass to the terminal one, which may have counted it since its handshake began. */
  private tellLost(close: TransportClose): void {
    const { terminal, transport } = this.chain;
    if (transport !== undefined) terminal?.early?.lost(this.listener.nowMs - this.startMs, close.by === 'local');
  }
}

function isReset({ error }: TransportClose): boolean {
  return (error as NodeJS.ErrnoException | undefined)?.code === 'ECONNRESET';
}

/** When a connection was accepted, and the record of it where somebody logs it. */
export interface Opened {
  readonly startMs: number;
  readonly record: ConnectionRecord | undefined;
}
