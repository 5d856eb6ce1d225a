import {
  downstreamTls,
  findGoProgram,
  GRPC_INTEROP_CASES,
  grpcHop,
  runInteropCase,
  startInteropServer,
  upstreamTls,
  type InteropServer,
  type InteropTarget,
  type RunningProxy,
} from '@weft/testing-harness';
import type { Check, Peer, World } from '../check.ts';

async function program(name: 'grpc-interop-client' | 'grpc-interop-server'): Promise<string> {
  const found = await findGoProgram(name);
  if ('reason' in found) throw new Error(found.reason);
  return found.binary;
}

/** Server and two proxies in front of it; `stop` ends what has started, whatever that is. */
class Chain {
  private readonly proxies: RunningProxy[] = [];
  private server: InteropServer | undefined;
  private readonly peer: Peer;
  private readonly ca: World['ca'];

  constructor(peer: Peer, ca: World['ca']) {
    this.peer = peer;
    this.ca = ca;
  }

  async start(secure: boolean): Promise<InteropTarget> {
    const { ca } = this;
    const leaf = (name: string) => ca.issue(name, [`DNS:${name}`, `URI:spiffe://weft.test/${name}`]);
    const towards = (sni: string, own: string): object =>
      secure ? { transport_socket: upstreamTls({ caFile: ca.caFile, sni, alpn: ['h2'], own: leaf(own) }) } : {};
    const serving = (name: string, clientCa?: string): object =>
      secure ? { transport_socket: downstreamTls(leaf(name), ['h2'], clientCa) } : {};
    this.server = await startInteropServer(await program('grpc-interop-server'), secure ? leaf('server') : undefined);
    const inbound = await this.add(
      grpcHop(serving('inbound', ca.caFile), this.server.port, towards('server', 'inbound')),
    );
    const port = await this.add(grpcHop(serving('outbound'), inbound, towards('inbound', 'outbound')));
    return { port, ...(secure ? { tls: { caFile: ca.caFile, name: 'outbound' } } : {}) };
  }

  private async add(bootstrap: object): Promise<number> {
    const proxy = await this.peer.start(bootstrap);
    this.proxies.push(proxy);
    return proxy.port('grpc');
  }

  async stop(): Promise<void> {
    for (const proxy of this.proxies) await proxy.stop();
    await this.server?.process.stop('SIGKILL');
  }
}

export const grpc: Check = {
  name: 'grpc',
  title: 'gRPC: grpc-go interoperability through two proxies',
  async run(peer, { ca }) {
    const client = await program('grpc-interop-client');
    const rows = new Map<string, string>();
    const faults: string[] = [];
    for (const name of ['plaintext', 'mutual TLS']) {
      const chain = new Chain(peer, ca);
      try {
        const target = await chain.start(name === 'mutual TLS');
        let passed = 0;
        for (const each of GRPC_INTEROP_CASES) {
          const fault = await runInteropCase(client, each, target);
          if (fault === undefined) passed += 1;
          else faults.push(`${name}: ${each}: ${fault}`);
        }
        rows.set(name, `${passed} of ${GRPC_INTEROP_CASES.length}`);
      } finally {
        await chain.stop();
      }
    }
    return { rows, faults };
  },
};
