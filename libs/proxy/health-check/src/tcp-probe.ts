import type { Transport, TransportReceiver } from '@weft/core-bytes';
import { ANY_HOST, type Cluster, type Host, type PoolHandle, type TcpPoolCallbacks } from '@weft/proxy-filter-api';
import type { TcpCheck } from './health-check.ts';
import type { Probe, ProbeOutcome, ProbeOwner } from './probe.ts';

/** A connection, and, where the check wants it, what is sent and what has to come back. */
export class TcpProbe implements Probe, TcpPoolCallbacks, TransportReceiver {
  private readonly check: TcpCheck;
  private readonly around: { readonly cluster: Cluster; readonly host: Host };
  private readonly owner: ProbeOwner;
  private waiting: PoolHandle | undefined;
  private transport: Transport | undefined;
  private received = Buffer.alloc(0);
  private over = false;

  constructor(check: TcpCheck, around: { cluster: Cluster; host: Host }, owner: ProbeOwner) {
    this.check = check;
    this.around = around;
    this.owner = owner;
  }

  start(): void {
    const { cluster, host } = this.around;
    const handle = cluster.newConnection(host, 'default', this, ANY_HOST);
    if (!this.over && this.transport === undefined) this.waiting = handle;
  }

  cancel(): void {
    if (this.over) return;
    this.over = true;
    this.waiting?.cancel();
    this.transport?.destroy();
  }

  onPoolReady(transport: Transport): void {
    this.waiting = undefined;
    this.transport = transport;
    transport.setReceiver(this);
    if (this.check.send.length > 0) transport.write(Buffer.from(this.check.send));
    if (this.check.receive.length === 0) this.done('healthy');
  }
  onPoolFailure(): void {
    this.done('network');
  }

  onData(chunk: Buffer): void {
    this.received = Buffer.concat([this.received, chunk]);
    let at = 0;
    for (const wanted of this.check.receive) {
      const found = this.received.indexOf(wanted, at);
      if (found < 0) return;
      at = found + wanted.length;
    }
    this.done('healthy');
  }
  onEnd(): void {
    this.done('network');
  }
  onDrain(): void {
    // What is sent is small.
  }
  onClose(): void {
    this.done('network');
  }

  private done(outcome: ProbeOutcome): void {
    if (this.over) return;
    this.over = true;
    this.transport?.close();
    this.owner.onProbe(outcome);
  }
}
