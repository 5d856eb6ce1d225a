import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import {
  CertificateAuthority,
  downstreamTls,
  findGoProgram,
  GRPC_INTEROP_CASES,
  grpcHop,
  runInteropCase,
  startInteropServer,
  startWeft,
  upstreamTls,
  type InteropServer,
  type RunningProxy,
} from '@weft/testing-harness';

type Json = Readonly<Record<string, unknown>>;

/** client ─▶ the caller's proxy ─▶ the called one's proxy ─▶ server */
describe('grpc-go interoperability through two proxies', () => {
  let ca: CertificateAuthority;
  let client = '';
  const servers: InteropServer[] = [];
  const proxies: RunningProxy[] = [];
  const ports: Record<string, number> = {};

  const start = async (bootstrap: object): Promise<number> => {
    const proxy = await startWeft({ bootstrap });
    proxies.push(proxy);
    return proxy.port('grpc');
  };

  before(async () => {
    const [clientProgram, server] = await Promise.all([
      findGoProgram('grpc-interop-client'),
      findGoProgram('grpc-interop-server'),
    ]);
    for (const found of [clientProgram, server]) if ('reason' in found) throw new Error(found.reason);
    client = (clientProgram as { binary: string }).binary;
    const { binary } = server as { binary: string };
    ca = new CertificateAuthority();

    const plain = await startInteropServer(binary);
    servers.push(plain);
    ports['plaintext'] = await start(grpcHop({}, await start(grpcHop({}, plain.port, {})), {}));

    const leaf = (name: string) => ca.issue(name, [`DNS:${name}`, `URI:spiffe://weft.test/${name}`]);
    const secure = await startInteropServer(binary, leaf('server'));
    servers.push(secure);
    const towards = (sni: string, own: string): Json => ({
      transport_socket: upstreamTls({ caFile: ca.caFile, sni, alpn: ['h2'], own: leaf(own) }),
    });
    const inbound = await start(
      grpcHop(
        { transport_socket: downstreamTls(leaf('inbound'), ['h2'], ca.caFile) },
        secure.port,
        towards('server', 'inbound'),
      ),
    );
    ports['mutual TLS'] = await start(
      grpcHop({ transport_socket: downstreamTls(leaf('outbound'), ['h2']) }, inbound, towards('inbound', 'outbound')),
    );
  });
  after(async () => {
    for (const proxy of proxies) await proxy.stop();
    for (const server of servers) await server.process.stop('SIGKILL');
    ca?.remove();
  });

  for (const name of ['plaintext', 'mutual TLS'])
    for (const each of GRPC_INTEROP_CASES)
      it(`passes ${each} in ${name}`, async () => {
        const tls = name === 'plaintext' ? {} : { tls: { caFile: ca.caFile, name: 'outbound' } };
        assert.equal(await runInteropCase(client, each, { port: ports[name] as number, ...tls }), undefined);
      });
});
