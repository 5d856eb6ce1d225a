// TLS on both sides, asked of Weft and of the real Envoy with the same bootstrap.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { connect, createServer, type ConnectionOptions, type Server } from 'node:tls';
import {
  call,
  CertificateAuthority,
  connectionManager,
  eventually,
  exchange,
  envoyProgram,
  routesOf,
  startEnvoy,
  startWeft,
  type IssuedCertificate,
  type RunningProxy,
} from '@weft/testing-harness';

const TYPES = 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3';
const ca = new CertificateAuthority();
const strangers = new CertificateAuthority('Another CA');
const own = ca.issue('own', ['DNS:own.test', 'DNS:*.wild.test', 'URI:spiffe://mesh/own']);
const other = ca.issue('other', ['DNS:other.test']);
const client = ca.issue('client', ['DNS:client.test', 'URI:spiffe://mesh/client']);
const stranger = strangers.issue('stranger', ['URI:spiffe://mesh/client']);
const folder = mkdtempSync(join(tmpdir(), 'weft-tls-e2e-'));

const certificate = ({ certFile, keyFile }: IssuedCertificate): object => ({
  certificate_chain: { filename: certFile },
  private_key: { filename: keyFile },
});
const trusted = (more: object = {}): object => ({ trusted_ca: { filename: ca.caFile }, ...more });
const uri = (exact: string): object => ({ match_typed_subject_alt_names: [{ san_type: 'URI', matcher: { exact } }] });

/** One listener for each name; `common` is the CommonTlsContext. */
const listeners: Readonly<Record<string, { common?: object; [field: string]: unknown }>> = {
  plain: { common: { tls_certificates: [certificate(other), certificate(own)], alpn_protocols: ['h2', 'http/1.1'] } },
  mutual: { require_client_certificate: true, common: { validation_context: trusted(uri('spiffe://mesh/client')) } },
  names: { common: { validation_context: trusted(uri('spiffe://mesh/boss')) } },
  optional: { common: { validation_context: trusted() } },
  lenient: { common: { validation_context: trusted({ trust_chain_verification: 'ACCEPT_UNTRUSTED' }) } },
  pinned: { common: { validation_context: { verify_certificate_hash: ['ab'.repeat(32)] } } },
  old: {
    common: {
      tls_params: { tls_maximum_protocol_version: 'TLSv1_2', cipher_suites: ['ECDHE-ECDSA-AES256-GCM-SHA384'] },
    },
  },
  modern: { common: { tls_params: { tls_minimum_protocol_version: 'TLSv1_3' } } },
  named: { require_sni: true },
};

/** What a client does, and what it is to see. `subject`: the certificate that it is shown; undefined: it is refused. */
interface Probe {
  readonly listener: string;
  readonly options: ConnectionOptions;
  readonly seen: { readonly subject: string; readonly version: string; readonly alpn: string } | undefined;
}
const seen = (subject: string, version = 'TLSv1.3', alpn = ''): Probe['seen'] => ({ subject, version, alpn });
const shows = ({ cert, key }: IssuedCertificate): ConnectionOptions => ({ cert, key });

const probes: Readonly<Record<string, Probe>> = {
  'a client without a name gets the first certificate': { listener: 'plain', options: {}, seen: seen('CN=other') },
  'a name': { listener: 'plain', options: { servername: 'own.test' }, seen: seen('CN=own') },
  'a name in other letters': { listener: 'plain', options: { servername: 'OTHER.test' }, seen: seen('CN=other') },
  'a wildcard': { listener: 'plain', options: { servername: 'a.wild.test' }, seen: seen('CN=own') },
  'a wildcard for one label only': {
    listener: 'plain',
    options: { servername: 'a.b.wild.test' },
    seen: seen('CN=other'),
  },
  'an unknown name': { listener: 'plain', options: { servername: 'nobody.test' }, seen: seen('CN=other') },
  "the server's order of protocols": {
    listener: 'plain',
    options: { ALPNProtocols: ['http/1.1', 'h2'] },
    seen: seen('CN=other', 'TLSv1.3', 'h2'),
  },
  'no common protocol': { listener: 'plain', options: { ALPNProtocols: ['x'] }, seen: seen('CN=other') },
  'TLS 1.2': { listener: 'plain', options: { maxVersion: 'TLSv1.2' }, seen: seen('CN=other', 'TLSv1.2') },
  'a client of the mesh': { listener: 'mutual', options: shows(client), seen: seen('CN=own') },
  'a client without a certificate': { listener: 'mutual', options: {}, seen: undefined },
  'a client of another CA': { listener: 'mutual', options: shows(stranger), seen: undefined },
  'a client with another name': { listener: 'names', options: shows(client), seen: undefined },
  'no certificate where none is needed': { listener: 'optional', options: {}, seen: seen('CN=own') },
  'a wrong certificate where none is needed': { listener: 'optional', options: shows(stranger), seen: undefined },
  'a wrong certificate where any will do': { listener: 'lenient', options: shows(stranger), seen: seen('CN=own') },
  'a certificate that is not the pinned one': { listener: 'pinned', options: shows(client), seen: undefined },
  'no certificate where one is pinned': { listener: 'pinned', options: {}, seen: undefined },
  'a listener of TLS 1.2': { listener: 'old', options: {}, seen: seen('CN=own', 'TLSv1.2') },
  'a client of TLS 1.3 there': { listener: 'old', options: { minVersion: 'TLSv1.3' }, seen: undefined },
  'a client of TLS 1.2 at a listener of 1.3': {
    listener: 'modern',
    options: { maxVersion: 'TLSv1.2' },
    seen: undefined,
  },
  'a client with a name where one is asked for': {
    listener: 'named',
    options: { servername: 'own.test' },
    seen: seen('CN=own'),
  },
};

/** What upstream TLS asks of the peer, which shows `own` and wants a client certificate; the answer's status. */
const clusters: Readonly<Record<string, { readonly tls: object; readonly status: number }>> = {
  unverified: { tls: {}, status: 200 },
  verified: { tls: { validation_context: trusted(uri('spiffe://mesh/own')) }, status: 200 },
  misnamed: { tls: { validation_context: trusted(uri('spiffe://mesh/boss')) }, status: 503 },
  untrusted: { tls: { validation_context: { trusted_ca: { filename: strangers.caFile } } }, status: 503 },
  modern: {
    tls: { tls_params: { tls_maximum_protocol_version: 'TLSv1_3' } },
    status: 200,
  },
  indifferent: {
    tls: {
      validation_context: { trusted_ca: { filename: strangers.caFile }, trust_chain_verification: 'ACCEPT_UNTRUSTED' },
    },
    status: 200,
  },
  unpinned: { tls: { validation_context: { verify_certificate_hash: ['ab'.repeat(32)] } }, status: 503 },
};

const address = (port: number): object => ({ socket_address: { address: '127.0.0.1', port_value: port } });
const secret = (issued: IssuedCertificate): string =>
  JSON.stringify({
    resources: [{ '@type': `${TYPES}.Secret`, name: 'rotated', tls_certificate: certificate(issued) }],
  });

function bootstrap(upstream: number, secretFile: string): object {
  const routes = [
    ...Object.keys(clusters).map((name) => ({ match: { path: `/${name}` }, route: { cluster: name } })),
    { match: { prefix: '/' }, direct_response: { status: 200, body: { inline_string: 'here' } } },
  ];
  const filters = [connectionManager('http', routesOf(...routes))];
  const secured = (name: string, tls: object): object => ({
    name,
    stat_prefix: name,
    address: address(0),
    filter_chains: [
      {
        filters,
        transport_socket: {
          name: 'envoy.transport_sockets.tls',
          typed_config: { '@type': `${TYPES}.DownstreamTlsContext`, ...tls },
        },
      },
    ],
  });
  const rotated = { name: 'rotated', sds_config: { path_config_source: { path: secretFile } } };
  return {
    // Envoy takes secrets for nodes with a name only.
    node: { id: 'test', cluster: 'test' },
    static_resources: {
      listeners: [
        ...Object.entries(listeners).map(([name, { common, ...tls }]) =>
          secured(name, { ...tls, common_tls_context: { tls_certificates: [certificate(own)], ...common } }),
        ),
        secured('rotated', { common_tls_context: { tls_certificate_sds_secret_configs: [rotated] } }),
        { name: 'http', address: address(0), filter_chains: [{ filters }] },
      ],
      clusters: Object.entries(clusters).map(([name, { tls }]) => ({
        name,
        type: 'STATIC',
        load_assignment: {
          cluster_name: name,
          endpoints: [{ lb_endpoints: [{ endpoint: { address: address(upstream) } }] }],
        },
        transport_socket: {
          name: 'envoy.transport_sockets.tls',
          typed_config: {
            '@type': `${TYPES}.UpstreamTlsContext`,
            sni: 'own.test',
            common_tls_context: { tls_certificates: [certificate(client)], ...tls },
          },
        },
      })),
    },
  };
}

/** What a client sees of a listener: its request counts as well, for in TLS 1.3 a refusal comes after the handshake. */
async function look(proxy: RunningProxy, listener: string, options: ConnectionOptions): Promise<Probe['seen']> {
  const socket = connect({ port: proxy.port(listener), host: '127.0.0.1', rejectUnauthorized: false, ...options });
  socket.on('error', () => undefined);
  let result: Probe['seen'];
  socket.on('secureConnect', () => {
    const { subject } = socket.getPeerX509Certificate() ?? { subject: '' };
    const alpn = socket.alpnProtocol || '';
    const request =
      alpn === 'h2' ? 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0' : 'GET / HTTP/1.1\r\nhost: a\r\n\r\n';
    socket.write(request, 'latin1');
    socket.once('data', () => {
      result = { subject, version: socket.getProtocol() ?? '', alpn };
      socket.destroy();
    });
  });
  await new Promise((resolve) => socket.once('close', resolve));
  return result;
}

/** The counters in which both have to agree. */
const COUNTED = /\.ssl\.(handshake|connection_error|no_certificate|fail_verify_\w+|versions\..*|curves\..*)$/;

describe('TLS', () => {
  let upstream: Server;
  const proxies: Record<string, RunningProxy> = {};

  before(async () => {
    upstream = createServer({ ...own, requestCert: true, rejectUnauthorized: false }, (socket) => {
      socket.on('error', () => undefined);
      socket.on('data', () => {
        const subject = socket.getPeerX509Certificate()?.subject ?? '';
        socket.end(`HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: ${subject.length}\r\n\r\n${subject}`);
      });
    });
    upstream.on('tlsClientError', () => undefined);
    upstream.listen(0, '127.0.0.1');
    await once(upstream, 'listening');
    const envoy = await envoyProgram();
    const start = (name: string): { bootstrap: object } => {
      writeFileSync(join(folder, `${name}.yaml`), secret(own));
      return { bootstrap: bootstrap((upstream.address() as AddressInfo).port, join(folder, `${name}.yaml`)) };
    };
    // One after the other: what did start has to be stopped where the other does not.
    proxies['weft'] = await startWeft(start('weft'));
    proxies['envoy'] = await startEnvoy(envoy, start('envoy'));
  });
  after(async () => {
    upstream.close();
    for (const proxy of Object.values(proxies)) await proxy.stop();
    ca.remove();
    strangers.remove();
    rmSync(folder, { recursive: true, force: true });
  });

  for (const name of ['weft', 'envoy']) {
    for (const [title, { listener, options, seen: expected }] of Object.entries(probes))
      it(`${name}: ${title}`, async () => {
        assert.deepEqual(await look(proxies[name]!, listener, options), expected);
      });

    for (const [cluster, { status }] of Object.entries(clusters))
      it(`${name}: an upstream that is ${cluster}`, async () => {
        const reply = await call({ port: proxies[name]!.port('http'), path: `/${cluster}` });
        assert.equal(reply.status, status, reply.body);
        if (status === 200) assert.equal(reply.body, 'CN=client');
        else assert.match(reply.body, /reset reason: remote connection failure/);
      });

    it(`${name}: a secret that is moved in is used by new connections`, async () => {
      const proxy = proxies[name]!;
      assert.equal((await look(proxy, 'rotated', {}))?.subject, 'CN=own');
      const keeping = connect({ port: proxy.port('rotated'), host: '127.0.0.1', rejectUnauthorized: false });
      await once(keeping, 'secureConnect');
      writeFileSync(join(folder, 'next'), secret(other));
      renameSync(join(folder, 'next'), join(folder, `${name}.yaml`));
      await proxy.statReaches(
        'listener.rotated.server_ssl_socket_factory.ssl_context_update_by_sds',
        (value) => value >= 1,
      );
      await proxy.statReaches('sds.rotated.update_success', (value) => value >= 2);
      for (let subject = ''; subject !== 'CN=other';) subject = (await look(proxy, 'rotated', {}))?.subject ?? '';
      keeping.write('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
      const [answer] = (await once(keeping, 'data')) as [Buffer];
      assert.match(answer.toString(), /^HTTP\/1\.1 200/);
      keeping.destroy();
    });
  }

  it('counts what happened as Envoy does', async () => {
    const counted = async (name: string): Promise<Record<string, number>> => {
      const all = [...(await proxies[name]!.stats('ssl'))].filter(
        ([key, value]) => COUNTED.test(key) && value > 0 && !key.startsWith('listener.rotated.'),
      );
      return Object.fromEntries(all.sort(([a], [b]) => (a < b ? -1 : 1)));
    };
    assert.deepEqual(await counted('weft'), await counted('envoy'));
  });

  it('shows the same certificates as Envoy', async () => {
    const certificates = async (name: string): Promise<string[]> => {
      const { body } = await proxies[name]!.ask('/certs');
      const list = (JSON.parse(body) as { certificates: unknown[] }).certificates;
      // The files of a secret are `<inline>` in Envoy; Weft names them.
      return list.map((entry) => JSON.stringify(entry).replace(/"path":"[^"]*",/g, '')).sort();
    };
    assert.deepEqual(await certificates('weft'), await certificates('envoy'));
  });

  it('refuses clients without a name where one is asked for, which Envoy leaves undone', async () => {
    assert.equal(await look(proxies['weft']!, 'named', {}), undefined);
  });

  it('tells plaintext and TLS in the wrong place by name', async () => {
    const weft = proxies['weft']!;
    assert.match(
      await exchange(weft.port('plain'), 'GET / HTTP/1.1\r\nhost: a\r\n\r\n'),
      /^HTTP\/1\.1 400 .*\r\n[^]*This port speaks TLS/,
    );
    assert.equal(await weft.statReaches('listener.plain.ssl.plaintext_peer', (value) => value > 0), 1);
    assert.equal(await look(weft, 'http', {}), undefined);
    const told = [
      /listener "plain" speaks TLS, but the client .* sent plaintext: HTTP\/1\.x request/,
      /listener "http" speaks plaintext HTTP, but the client .* sent a TLS ClientHello/,
    ];
    for (const line of told) await eventually(String(line), () => line.test(weft.process.output) || undefined);
  });
});
