// Which filter chain takes a connection, asked of Weft and of the real Envoy with the same bootstrap.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { Duplex, PassThrough } from 'node:stream';
import { connect } from 'node:tls';
import { after, before, describe, it } from 'node:test';
import { envoyProgram, RawClient, startEnvoy, startWeft, type RunningProxy } from '@weft/testing-harness';

/** A connection: what the PROXY header says of it, then TLS or plain bytes. */
interface Probe {
  /** `source destination sourcePort destinationPort`. */
  readonly proxy?: string;
  readonly sni?: string;
  readonly alpn?: readonly string[];
  readonly bytes?: string;
}

const TO_443 = '9.9.9.9 10.0.0.1 50000 443';
const range = (address: string, length: number) => [{ address_prefix: address, prefix_len: length }];

/** Each row: what the chains ask for, the connection, and the place of the chain that takes it (none: it is closed). */
const rows: [string, readonly object[], Probe, number | undefined][] = [
  ['a port beats no port', [{}, { destination_port: 443 }], { proxy: TO_443 }, 1],
  ['a port that fits is not left again', [{}, { destination_port: 443, server_names: ['a'] }], { proxy: TO_443 }, undefined],
  ['the longest prefix wins', [{ prefix_ranges: range('10.0.0.0', 8) }, { prefix_ranges: range('10.0.0.0', 24) }, {}], { proxy: TO_443 }, 1],
  ['a prefix before a name', [{ prefix_ranges: range('10.0.0.0', 8) }, { server_names: ['a.com'] }], { proxy: TO_443, sni: 'a.com' }, 0],
  ['an empty prefix takes all of its family', [{ prefix_ranges: range('::', 0) }], { proxy: TO_443 }, undefined],
  ['an exact name over wildcards', [{ server_names: ['*.b.com'] }, { server_names: ['a.b.com'] }, {}], { sni: 'a.b.com' }, 1],
  ['the longest wildcard', [{ server_names: ['*.com'] }, { server_names: ['*.b.com'] }], { sni: 'x.a.b.com' }, 1],
  ['a wildcard is not for its own domain', [{ server_names: ['*.b.com'] }, {}], { sni: 'b.com' }, 1],
  ['no name', [{ server_names: ['a.com'] }, {}], { bytes: 'GET / HTTP/1.1\r\n\r\n' }, 1],
  ['a name before a transport', [{ transport_protocol: 'tls' }, { server_names: ['a.com'] }], { sni: 'a.com' }, 1],
  ['plaintext is raw_buffer', [{ transport_protocol: 'tls' }, { transport_protocol: 'raw_buffer' }], { bytes: 'hello\r\n' }, 1],
  ['a transport before a protocol', [{ application_protocols: ['h2'] }, { transport_protocol: 'tls' }], { sni: 'a', alpn: ['h2'] }, 1],
  ["the client's order of protocols", [{ application_protocols: ['http/1.1'] }, { application_protocols: ['h2'] }], { sni: 'a', alpn: ['h2', 'http/1.1'] }, 1],
  ['an unknown protocol', [{ application_protocols: ['h2'] }, {}], { sni: 'a', alpn: ['x'] }, 1],
  ['HTTP/1.1 in plaintext', [{ application_protocols: ['http/1.1'] }, {}], { bytes: 'GET / HTTP/1.1\r\n\r\n' }, 0],
  ['HTTP/1.0 in plaintext', [{ application_protocols: ['http/1.0'] }, {}], { bytes: 'GET / HTTP/1.0\r\n\r\n' }, 0],
  ['HTTP/2 in plaintext', [{ application_protocols: ['h2c'] }, {}], { bytes: 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n' }, 0],
  ['no HTTP', [{ application_protocols: ['http/1.1', 'http/1.0', 'h2c'] }, {}], { bytes: 'hello you\r\n' }, 1],
  ['the direct source is the peer', [{ direct_source_prefix_ranges: range('127.0.0.0', 8) }, { direct_source_prefix_ranges: range('9.0.0.0', 8) }], { proxy: TO_443 }, 0],
  ['a direct source before a source type', [{ source_type: 'EXTERNAL' }, { direct_source_prefix_ranges: range('127.0.0.0', 8) }], { proxy: TO_443 }, 1],
  ['an external client', [{ source_type: 'EXTERNAL' }, { source_type: 'SAME_IP_OR_LOOPBACK' }, {}], { proxy: TO_443 }, 0],
  ['a loopback client', [{ source_type: 'EXTERNAL' }, { source_type: 'SAME_IP_OR_LOOPBACK' }, {}], { bytes: 'hello\r\n' }, 1],
  ['127.0.0.2 as a client', [{ source_type: 'EXTERNAL' }, { source_type: 'SAME_IP_OR_LOOPBACK' }], { proxy: '127.0.0.2 10.0.0.1 1 2' }, 0],
  ['a client on the same address', [{ source_type: 'EXTERNAL' }, { source_type: 'SAME_IP_OR_LOOPBACK' }], { proxy: '10.0.0.1 10.0.0.1 1 2' }, 1],
  ['a source type that fits is not left again', [{}, { source_type: 'EXTERNAL', source_ports: [1] }], { proxy: TO_443 }, undefined],
  ['a source prefix before a source port', [{ source_prefix_ranges: range('9.9.9.9', 32) }, { source_ports: [50000] }], { proxy: TO_443 }, 0],
  ['a source port', [{}, { source_ports: [1, 50000] }], { proxy: TO_443 }, 1],
]; // prettier-ignore

const PACKAGE = 'type.googleapis.com/envoy.extensions.filters';
const listenerFilter = (name: string, type: string, config: object = {}): object => ({
  name,
  typed_config: { '@type': `${PACKAGE}.listener.${name}.v3.${type}`, ...config },
});

function bootstrap(upstreams: readonly Server[]): object {
  const listener = ([, chains]: (typeof rows)[number], i: number): object => ({
    name: `l${i}`,
    stat_prefix: `l${i}`,
    address: { socket_address: { address: '127.0.0.1', port_value: 0 } },
    listener_filters: [
      listenerFilter('proxy_protocol', 'ProxyProtocol', { allow_requests_without_proxy_protocol: true }),
      listenerFilter('tls_inspector', 'TlsInspector'),
      listenerFilter('http_inspector', 'HttpInspector'),
    ],
    filter_chains: chains.map((match, place) => ({
      filter_chain_match: match,
      filters: [
        {
          name: 'tcp',
          typed_config: {
            '@type': `${PACKAGE}.network.tcp_proxy.v3.TcpProxy`,
            stat_prefix: 'tcp',
            cluster: `c${place}`,
          },
        },
      ],
    })),
  });
  const cluster = (server: Server, i: number): object => ({
    name: `c${i}`,
    type: 'STATIC',
    load_assignment: {
      cluster_name: `c${i}`,
      endpoints: [
        {
          lb_endpoints: [
            {
              endpoint: {
                address: {
                  socket_address: { address: '127.0.0.1', port_value: (server.address() as AddressInfo).port },
                },
              },
            },
          ],
        },
      ],
    },
  });
  return { static_resources: { listeners: rows.map(listener), clusters: upstreams.map(cluster) } };
}

async function clientHello(servername: string, alpn: readonly string[]): Promise<string> {
  const sent = new PassThrough();
  const socket = Duplex.from({ writable: sent, readable: new PassThrough() });
  const client = connect({ socket, servername, rejectUnauthorized: false, ALPNProtocols: [...alpn] });
  client.on('error', () => undefined);
  const [hello] = (await once(sent, 'data')) as [Buffer];
  client.destroy();
  return hello.toString('latin1');
}

/** The place of the chain that took the connection. */
async function chosen(port: number, { proxy, sni, alpn = [], bytes = '' }: Probe): Promise<number | undefined> {
  const client = new RawClient(port);
  client.send(
    (proxy === undefined ? '' : `PROXY TCP4 ${proxy}\r\n`) +
      (sni === undefined ? bytes || 'hello you\r\n' : await clientHello(sni, alpn)),
  );
  const text = await client.end();
  client.close();
  return text === '' ? undefined : Number(text);
}

describe('filter chain match', () => {
  const upstreams = [0, 1, 2].map((place) =>
    createServer((socket) => {
      socket.on('error', () => undefined);
      // Answers once something came, so that nothing unread makes a reset of the close.
      socket.once('data', () => socket.end(String(place)));
    }),
  );
  const proxies: { name: string; proxy: RunningProxy }[] = [];
  before(async () => {
    await Promise.all(upstreams.map((server) => once(server.listen(0, '127.0.0.1'), 'listening')));
    proxies.push({ name: 'Weft', proxy: await startWeft({ bootstrap: bootstrap(upstreams) }) });
    const envoy = await startEnvoy(await envoyProgram(), { bootstrap: bootstrap(upstreams) });
    proxies.push({ name: 'Envoy', proxy: envoy });
  });
  after(async () => {
    await Promise.all(proxies.map(({ proxy }) => proxy.stop()));
    for (const server of upstreams) server.close();
  });

  rows.forEach(([title, , probe, wanted], i) => {
    it(`decides on ${title}`, async () => {
      for (const { name, proxy } of proxies) assert.equal(await chosen(proxy.port(`l${i}`), probe), wanted, name);
    });
  });

  it('counts the same in both', async () => {
    const [weft, envoy] = await Promise.all(
      proxies.map(async ({ proxy }) =>
        [...(await proxy.stats('^(listener\\.l|tls_inspector|http_inspector|proxy_proto)'))]
          .filter(([name]) => !name.includes('downstream_cx_destroy') && !name.includes('_active'))
          .map(([name, value]) => `${name}: ${value}`)
          .sort(),
      ),
    );
    if (envoy !== undefined) assert.deepEqual(weft, envoy);
  });
});
