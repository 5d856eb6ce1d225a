import type { Runtime } from '@weft/core-runtime';
import { GrpcServer } from '@weft/net-grpc';
import { Snapshot, SnapshotCache, XdsServer } from '@weft/xds-server';
import { chmodSync, rmSync } from 'node:fs';
import type { HeldCertificate } from './certificate-signer.ts';
import { encodeSecrets } from './secrets.encode.ts';
import type { WorkloadCertificates } from './workload-certificates.ts';

const EVERYBODY = 'workload';
const STOP_MS = 100;
/** `sun_path` of Linux, less the ending zero. */
const MAX_SOCKET_PATH = 107;

/**
 * SDS for the proxy beside this agent, on a Unix socket that its owner alone may open: private keys pass over it. A new
 * certificate goes to the proxy at once, and connections that stand keep the old one.
 */
export class SecretServer {
  private readonly cache = new SnapshotCache(() => EVERYBODY);
  private readonly xds: XdsServer;
  private readonly grpc: GrpcServer;
  private readonly path: string;
  private readonly forget: () => void;

  constructor(certificates: WorkloadCertificates, path: string, runtime: Runtime) {
    this.path = path;
    this.xds = new XdsServer({
      cache: this.cache,
      runtime,
      owner: { onDemand: () => this.cache.get(EVERYBODY) === undefined },
    });
    this.grpc = new GrpcServer({ services: this.xds.services, timers: runtime.timers });
    this.forget = certificates.onCertificate((held) => this.offer(held));
    if (certificates.current !== undefined) this.offer(certificates.current);
  }

  /** Rejects when the socket cannot be made. */
  async listen(): Promise<void> {
    if (Buffer.byteLength(this.path) > MAX_SOCKET_PATH)
      throw new Error(`${this.path} is too long for a Unix socket: ${MAX_SOCKET_PATH} bytes are allowed`);
    rmSync(this.path, { force: true });
    await this.grpc.listen({ address: `unix:${this.path}` });
    chmodSync(this.path, 0o600);
  }

  async stop(): Promise<void> {
    this.forget();
    this.xds.close();
    await this.grpc.stop(STOP_MS);
    rmSync(this.path, { force: true });
  }

  private offer(held: HeldCertificate): void {
    const before = this.cache.get(EVERYBODY) ?? Snapshot.empty;
    this.cache.set(EVERYBODY, before.with({ set: encodeSecrets(held) }));
  }
}
