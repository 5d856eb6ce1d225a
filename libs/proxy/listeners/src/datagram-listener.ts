import type { SocketAddress } from '@weft/core-http';
import type { Counter } from '@weft/core-stats';
import type { SocketListener } from '@weft/net-tcp';
import { bindDatagrams, type BoundDatagrams, type DatagramOwner } from '@weft/net-udp';
import type {
  PreparedUdpListenerFilter,
  ServerContext,
  UdpListenerFilter,
  UdpListenerSocket,
} from '@weft/proxy-filter-api';
import type { PreparedListener } from './prepared-listener.ts';

/** The address of a UDP listener. */
export interface DatagramPlace {
  readonly ip: string;
  readonly port: number;
  readonly ipv4Compat: boolean;
}

/**
 * One UDP socket of a listener, and the filter at work on it. The socket outlives configurations of its address; a filter and its
 * sessions do not.
 */
export class DatagramListener implements SocketListener, DatagramOwner, UdpListenerSocket {
  /** Nobody passes it on: workers bind a socket each. */
  readonly fd = undefined;
  private readonly dropped: Counter;
  private socket: BoundDatagrams | undefined;
  private filter: UdpListenerFilter | undefined;
  private maxDatagramBytes = 0;

  private constructor(server: ServerContext, prepared: PreparedListener) {
    const scope = server.stats.scope(`listener.${prepared.config.statPrefix}.udp.`);
    this.dropped = scope.counter('downstream_rx_datagram_dropped');
  }

  /** Binds. Rejects with the system's error. */
  static async bind(
    place: DatagramPlace,
    prepared: PreparedListener,
    server: ServerContext,
  ): Promise<DatagramListener> {
    const listener = new DatagramListener(server, prepared);
    // With several workers each has a socket of its own, and the system keeps a client with one of them.
    const reusePort = server.workerIndex !== undefined || prepared.config.reusePort;
    listener.socket = await bindDatagrams({ ...place, reusePort }, listener);
    listener.use(prepared);
    return listener;
  }

  /** Takes a configuration; sessions of the one before end. */
  use(prepared: PreparedListener): void {
    this.filter?.close();
    this.maxDatagramBytes = prepared.config.udp?.maxDatagramBytes ?? 0;
    this.filter = (prepared.udpFilter as PreparedUdpListenerFilter | undefined)?.create(this);
  }

  get address(): SocketAddress {
    return (this.socket as BoundDatagrams).address;
  }
  get localAddress(): SocketAddress {
    return this.address;
  }

  onDatagram(datagram: Buffer, from: SocketAddress): void {
    if (datagram.length > this.maxDatagramBytes) this.dropped.inc();
    else this.filter?.onDatagram(datagram, from);
  }
  onDatagramError(_error: Error, sending: boolean): void {
    if (sending) this.filter?.onSendError();
    else this.filter?.onReceiveError();
  }
  sendTo(datagram: Buffer, to: SocketAddress): void {
    this.socket?.sendTo(datagram, to);
  }

  suspend(): void {
    // Datagrams have no queue to wait in: those that are not wanted would be lost as well.
  }
  resume(): void {
    // See suspend.
  }
  close(): Promise<void> {
    this.filter?.close();
    this.filter = undefined;
    this.socket?.close();
    return Promise.resolve();
  }
}
