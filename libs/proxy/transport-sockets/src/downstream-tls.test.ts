import assert from 'node:assert/strict';
import { createPrivateKey } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { connect as connectPlain, createServer, type AddressInfo, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls';
import { DecodeContext, formatFault, loadConfig } from '@weft/api-envoy';
import type { TlsConnectionInfo } from '@weft/core-http';
import { createFakeRuntime } from '@weft/core-runtime/testing';
import { createNullScope } from '@weft/core-stats';
import type { Secret } from '@weft/model-tls';
import { issueCertificate, type IssuedCertificate } from '@weft/net-tls/testing';
import type { HandshakeFailure, PreparedTransportSocket, ServerContext } from '@weft/proxy-filter-api';
import { unnamed } from './certificate-names.ts';
import { DownstreamTlsFactory } from './downstream-tls-factory.ts';

const TYPE = 'envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext';
const SECRET = 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret';

type Outcome = { tls: TlsConnectionInfo } | { failure: HandshakeFailure };

/** A listener of one TLS configuration. */
class World {
  readonly runtime = createFakeRuntime();
  readonly stats = createNullScope();
  readonly factory: DownstreamTlsFactory;
  readonly outcomes: Outcome[] = [];
  private readonly server: Server;
  private prepared: PreparedTransportSocket | undefined;
  private waiting: (() => void)[] = [];
  private readonly clients: TLSSocket[] = [];

  constructor(environment: Record<string, string> = {}, secrets: readonly Secret[] = []) {
    this.factory = new DownstreamTlsFactory({
      environment,
      staticSecret: (name) => secrets.find((secret) => secret.name === name),
    });
    this.server = createServer({ allowHalfOpen: true }, (socket) => {
      const add = (outcome: Outcome): void => {
        this.outcomes.push(outcome);
        for (const resolve of this.waiting.splice(0)) resolve();
      };
      this.prepared?.handshake(socket, {
        onSecured: (secured, tls) => {
          secured.on('error', () => undefined);
          secured.on('data', (chunk) => secured.write(chunk));
          add({ tls });
        },
        onHandshakeFailure: (failure) => add({ failure }),
      });
    });
  }

  faults(config: object): string[] {
    return this.decode(config).faults;
  }

  async start(config: object): Promise<this> {
    const { decoded, faults } = this.decode(config);
    assert.deepEqual(faults, []);
    const server = { runtime: this.runtime, stats: this.stats } as unknown as ServerContext;
    const facts = { name: 'in', trafficDirection: 'UNSPECIFIED', statPrefix: 'listener.a.' } as const;
    this.prepared = this.factory.prepare(decoded!, server, facts);
    this.server.listen(0, '127.0.0.1');
    await once(this.server, 'listening');
    return this;
  }

  /** The subject that a new client is shown, `''` where it is refused; the client stays connected. */
  async subject(options: ConnectionOptions = {}): Promise<string> {
    const client = connect({ port: this.port, host: '127.0.0.1', rejectUnauthorized: false, ...options });
    client.on('error', () => undefined);
    this.clients.push(client);
    const before = this.outcomes.length;
    await new Promise<void>((resolve) => {
      client.once('secureConnect', resolve);
      client.once('close', () => resolve());
    });
    // A client of TLS 1.3 is ready before the server has heard of it.
    if (this.outcomes.length === before) await this.ended();
    return client.getPeerX509Certificate()?.subject ?? '';
  }

  async ended(): Promise<Outcome> {
    await new Promise<void>((resolve) => this.waiting.push(resolve));
    return this.outcomes.at(-1)!;
  }

  get lastClient(): TLSSocket {
    return this.clients.at(-1)!;
  }
  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }
  count(name: string): number {
    return this.stats.counter(`listener.a.${name}`).value;
  }

  /** Resolves with the next line of log that matches. */
  async logged(pattern: RegExp): Promise<void> {
    while (!this.runtime.logged.some((line) => pattern.test(line))) await new Promise(setImmediate);
  }

  close(): void {
    this.prepared?.close();
    for (const client of this.clients) client.destroy();
    this.server.close();
  }

  private decode(config: object) {
    const { message, faults, source } = loadConfig({ text: JSON.stringify(config), file: 'tls.json', typeName: TYPE });
    assert.deepEqual(faults, []);
    const cx = new DecodeContext(source);
    return { decoded: this.factory.decode(message!, cx), faults: cx.faults.map(formatFault) };
  }
}

const ca = issueCertificate({ commonName: 'CA', ca: true });
const one = issueCertificate({ commonName: 'one', names: ['DNS:one.test'], issuer: ca });
const two = issueCertificate({ commonName: 'two', names: ['DNS:two.test'], issuer: ca });

const inline = ({ cert, key }: IssuedCertificate) => ({
  certificate_chain: { inline_string: cert },
  private_key: { inline_string: key },
});

describe('the TLS transport socket of listeners', () => {
  let folder: string;
  let world: World;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'weft-tls-'));
    world = new World();
  });
  afterEach(() => {
    world.close();
    rmSync(folder, { recursive: true });
  });

  const path = (name: string): string => join(folder, name);
  const files = { certificate_chain: { filename: '' }, private_key: { filename: '' } };
  function inFiles(more: object = {}): object {
    files.certificate_chain.filename = path('tls.crt');
    files.private_key.filename = path('tls.key');
    return { common_tls_context: { tls_certificates: [{ ...files, ...more }] } };
  }
  function moveIn({ cert, key }: IssuedCertificate): void {
    for (const [name, text] of [
      ['tls.crt', cert],
      ['tls.key', key],
    ] as const) {
      writeFileSync(path(`.${name}`), text);
      renameSync(path(`.${name}`), path(name));
    }
  }

  it('counts what comes of handshakes', async () => {
    await world.start({
      require_client_certificate: true,
      common_tls_context: {
        tls_certificates: [inline(one)],
        validation_context: { trusted_ca: { inline_string: ca.cert } },
      },
    });
    const first = world.ended();
    await world.subject({ ...two });
    assert.ok('tls' in (await first));
    const second = world.ended();
    await world.subject();
    const outcome = await second;
    assert.ok('failure' in outcome);
    assert.deepEqual(
      [
        'ssl.handshake',
        'ssl.no_certificate',
        'ssl.fail_verify_no_cert',
        'ssl.connection_error',
        'ssl.versions.TLSv1.3',
      ].map((name) => world.count(name)),
      [1, 0, 1, 0, 1],
    );
    assert.equal(world.count('ssl.ciphers.TLS_AES_128_GCM_SHA256'), 1);
    assert.equal(
      world.stats.gauge(`listener.a.ssl.certificate.${nameOf(one.cert)}.expiration_unix_time_seconds`).value,
      Date.UTC(2049, 11, 31, 23, 59, 59) / 1000,
    );
  });

  it('names clients whose certificates it refuses, and why, not more than once in ten seconds', async () => {
    await world.start({
      require_client_certificate: true,
      common_tls_context: {
        tls_certificates: [inline(one)],
        validation_context: { trusted_ca: { inline_string: ca.cert } },
      },
    });
    const names = ['URI:spiffe://mesh/ns/a/sa/old'];
    const old = issueCertificate({ commonName: 'old', names, issuer: ca, notAfter: '010101000000Z' });
    const otherCa = issueCertificate({ commonName: 'Other\nCA', ca: true });
    const foreign = issueCertificate({ commonName: 'two', names: ['DNS:x.test'], issuer: otherCa });
    for (const shown of [old, old, foreign, undefined]) {
      const ended = world.ended();
      await world.subject(shown === undefined ? {} : { ...shown });
      assert.ok('failure' in (await ended));
      if (shown !== old || world.count('ssl.fail_verify_error') === 2) world.runtime.clock.advance(10_000);
    }
    const lines = world.runtime.logged.filter((line) => line.includes('refused the client'));
    assert.equal(lines.length, 3, lines.join(''));
    assert.match(
      lines[0] ?? '',
      /\[warning\].* listener "in" refused the client 127\.0\.0\.1:\d+: CERTIFICATE_VERIFY_FAILED: .*certificate has expired\. The certificate is "spiffe:\/\/mesh\/ns\/a\/sa\/old", of "CN=CA", and valid until 2001-01-01T00:00:00\.000Z\./,
    );
    assert.match(lines[1] ?? '', /unable to \S+.* \(and 1 more since .*"x\.test", of "CN=Other/);
    assert.match(
      lines[2] ?? '',
      /the client showed no certificate, and one is required.*Give the client a certificate/,
    );
    for (const line of lines)
      assert.equal(line.indexOf('\n'), line.length - 1, 'what a certificate says starts no line');
  });

  it('names a client that speaks plaintext, in log and stats, not more than once in ten seconds', async () => {
    await world.start({ common_tls_context: { tls_certificates: [inline(one)] } });
    const call = async (): Promise<Outcome> => {
      const ended = world.ended();
      const socket = connectPlain(world.port, '127.0.0.1');
      socket.on('error', () => undefined);
      socket.write('GET / HTTP/1.1\r\n\r\n');
      socket.resume();
      const outcome = await ended;
      return outcome;
    };
    const outcome = await call();
    assert.deepEqual(outcome, { failure: { reason: 'TLS_error: HTTP_REQUEST', plaintext: 'HTTP/1.x request' } });
    await call();
    world.runtime.clock.advance(10_000);
    await call();
    assert.equal(world.count('ssl.plaintext_peer'), 3);
    assert.equal(world.count('ssl.connection_error'), 3);
    const lines = world.runtime.logged.filter((line) => line.includes('sent plaintext: HTTP/1.x request'));
    assert.equal(lines.length, 2);
    assert.match(lines[0] ?? '', /listener "in" speaks TLS, but the client 127\.0\.0\.1:\d+ sent plaintext/);
    assert.match(lines[1] ?? '', /and 1 more since/);
  });

  it('says at configuration time what is wrong with a certificate', () => {
    const faults = (certificate: object): string[] =>
      world.faults({ common_tls_context: { tls_certificates: [certificate] } });
    assert.match(
      faults({ ...inline(one), private_key: { inline_string: two.key } })[0] ?? '',
      /private key is not the key/,
    );
    assert.match(
      faults({ ...inline(one), private_key: { filename: path('none') } })[0] ?? '',
      /common_tls_context\.tls_certificates\[0\]\.private_key\.filename: .*none cannot be read/,
    );
    assert.match(
      faults({ ...inline(one), private_key: { environment_variable: 'NO' } })[0] ?? '',
      /variable NO is not set/,
    );
    assert.match(
      faults({ ...inline(one), certificate_chain: { inline_string: 'x' } })[0] ?? '',
      /not PEM|no certificate/,
    );
    assert.match(world.faults({ common_tls_context: {} })[0] ?? '', /tls_certificates: is empty/);
  });

  it('takes certificates from the environment, encrypted keys with their password', async () => {
    const cipher = { cipher: 'aes-256-cbc', passphrase: 'open sesame' };
    const key = createPrivateKey(one.key).export({ type: 'pkcs8', format: 'pem', ...cipher }) as string;
    world = new World({ CERT: one.cert, KEY: key });
    await world.start({
      common_tls_context: {
        tls_certificates: [
          {
            certificate_chain: { environment_variable: 'CERT' },
            private_key: { environment_variable: 'KEY' },
            password: { inline_string: 'open sesame\n' },
          },
        ],
      },
    });
    assert.equal(await world.subject(), 'CN=one');
  });

  it('uses new files for new connections and leaves open ones alone', async () => {
    moveIn(one);
    await world.start(inFiles({ watched_directory: { path: folder } }));
    assert.equal(await world.subject(), 'CN=one');
    const before = world.lastClient;
    moveIn(two);
    await world.logged(/listener "in": the certificates were read again/);
    assert.equal(await world.subject(), 'CN=two');
    before.write('still here');
    const [echo] = (await once(before, 'data')) as [Buffer];
    assert.equal(echo.toString(), 'still here');
  });

  it('keeps the last good certificate where the new files do not fit each other', async () => {
    moveIn(one);
    await world.start(inFiles({ watched_directory: { path: folder } }));
    writeFileSync(path('tls.crt'), two.cert);
    await world.logged(
      /cannot be used .*the private key is not the key of the certificate; the last good ones stay in use/,
    );
    assert.equal(await world.subject(), 'CN=one');
    assert.ok(world.count('server_ssl_socket_factory.key_rotation_failed') > 0);
    moveIn(two);
    await world.logged(/were read again/);
    assert.equal(await world.subject(), 'CN=two');
  });

  it('follows the links by which Kubernetes swaps a Secret', async () => {
    for (const [name, { cert, key }] of [
      ['..1', one],
      ['..2', two],
    ] as const) {
      mkdirSync(path(name));
      writeFileSync(path(`${name}/tls.crt`), cert);
      writeFileSync(path(`${name}/tls.key`), key);
    }
    symlinkSync('..1', path('..data'));
    symlinkSync('..data/tls.crt', path('tls.crt'));
    symlinkSync('..data/tls.key', path('tls.key'));
    await world.start(inFiles({ watched_directory: { path: folder } }));
    assert.equal(await world.subject(), 'CN=one');
    symlinkSync('..2', path('..next'));
    renameSync(path('..next'), path('..data'));
    await world.logged(/were read again/);
    assert.equal(await world.subject(), 'CN=two');
  });

  const sds = (name: string): object => ({ name, sds_config: { path_config_source: { path: path(`${name}.yaml`) } } });
  function secretFile(name: string, secret: object): void {
    const text = JSON.stringify({ resources: [{ '@type': SECRET, name, ...secret }] });
    writeFileSync(path(`.${name}`), text);
    renameSync(path(`.${name}`), path(`${name}.yaml`));
  }

  it('takes certificates and the validation context from secrets in files', async () => {
    secretFile('cert', { tls_certificate: inline(one) });
    secretFile('ca', { validation_context: { trusted_ca: { inline_string: ca.cert } } });
    await world.start({
      require_client_certificate: true,
      common_tls_context: {
        tls_certificate_sds_secret_configs: [sds('cert')],
        combined_validation_context: {
          default_validation_context: {
            match_typed_subject_alt_names: [{ san_type: 'DNS', matcher: { exact: 'two.test' } }],
          },
          validation_context_sds_secret_config: sds('ca'),
        },
      },
    });
    await world.logged(/cert\.yaml: version .* is in force/);
    await world.logged(/ca\.yaml: version .* is in force/);
    assert.equal(await world.subject({ ...two }), 'CN=one');
    const refused = world.ended();
    await world.subject({ ...one });
    const outcome = await refused;
    assert.match('failure' in outcome ? outcome.failure.reason : '', /SAN matcher/);
    assert.equal(world.count('server_ssl_socket_factory.ssl_context_update_by_sds'), 1);
    world.runtime.logged.splice(0);
    secretFile('cert', { tls_certificate: inline(two) });
    await world.logged(/cert\.yaml: version .* is in force/);
    assert.equal(await world.subject({ ...two }), 'CN=two');
    world.runtime.logged.splice(0);
    secretFile('cert', { tls_certificate: { ...inline(two), private_key: { inline_string: one.key } } });
    await world.logged(/was refused/);
    assert.equal(await world.subject({ ...two }), 'CN=two');
    assert.equal(world.stats.counter('sds.cert.update_rejected').value, 1);
  });

  it('refuses connections while a secret is missing', async () => {
    await world.start({ common_tls_context: { tls_certificate_sds_secret_configs: [sds('late')] } });
    const ended = world.ended();
    await world.subject();
    const outcome = await ended;
    assert.match('failure' in outcome ? outcome.failure.reason : '', /Secret is not supplied by SDS/);
    assert.equal(world.count('server_ssl_socket_factory.downstream_context_secrets_not_ready'), 1);
    secretFile('late', { tls_certificate: inline(one) });
    await world.logged(/late\.yaml: version .* is in force/);
    assert.equal(await world.subject(), 'CN=one');
  });

  it('takes secrets of the bootstrap, and refuses those that are not there', async () => {
    const bytes = (text: string) => ({ kind: 'inline', bytes: Buffer.from(text) }) as const;
    const nothing = { pkcs12: undefined, password: undefined, ocspStaple: undefined, watchedDirectory: undefined };
    const certificate = { chain: bytes(one.cert), key: bytes(one.key), ...nothing };
    world = new World({}, [{ kind: 'certificate', name: 'own', certificate }]);
    const config = (name: string) => ({ common_tls_context: { tls_certificate_sds_secret_configs: [{ name }] } });
    assert.match(world.faults(config('other'))[0] ?? '', /there is no secret "other"/);
    await world.start(config('own'));
    assert.equal(await world.subject(), 'CN=one');
  });

  it('shows its certificates', async () => {
    await world.start({
      common_tls_context: {
        tls_certificates: [inline(one)],
        validation_context: { trusted_ca: { inline_string: ca.cert } },
      },
    });
    const [status] = world.factory.certificates(world.runtime.clock);
    assert.deepEqual(status?.certificateChain[0]?.subjectAltNames, [{ kind: 'dns', value: 'one.test' }]);
    assert.equal(status?.caCertificates.length, 1);
    assert.equal(world.factory.firstExpiryMs, Date.UTC(2049, 11, 31, 23, 59, 59));
    world.close();
    assert.deepEqual(world.factory.certificates(world.runtime.clock), []);
  });
});

function nameOf(cert: string): string {
  return unnamed('unnamed_cert', { kind: 'inline', bytes: Buffer.from(cert) });
}
