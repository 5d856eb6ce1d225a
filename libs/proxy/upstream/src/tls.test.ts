import assert from 'node:assert/strict';
import { createHash, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { after, before, test, type TestContext } from 'node:test';
import { connect, createServer, type Server, type TLSSocket, type TlsOptions } from 'node:tls';
import { issueCertificate, issueCrl } from '@weft/net-tls/testing';
import { createTestCertificate, type TestCertificate } from '@weft/net-tcp/testing';
import { ScriptedUpstream, testCluster, type TestCluster } from './testing.ts';
import { certificateAlert } from './tls-trouble.ts';

let server: Server;
let certificate: TestCertificate;
let other: TestCertificate;
const names: (string | false | null)[] = [];

before(async () => {
  certificate = createTestCertificate('up.test');
  other = createTestCertificate('other.test');
  server = createServer({ ...certificate, ALPNProtocols: ['http/1.1'] }, (socket: TLSSocket) => {
    names.push(socket.servername);
    socket.on('error', () => undefined);
    socket.on('data', () => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok'));
  });
  server.on('tlsClientError', () => undefined);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});
after(() => server.close());

function tlsCluster(tls: object, port = (server.address() as AddressInfo).port): TestCluster {
  const type = 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext';
  const socket = JSON.stringify({ name: 't', typed_config: { '@type': type, ...tls } });
  return testCluster([port], `transport_socket: ${socket}`);
}

const trusting = (ca: TestCertificate, more: object = {}): object => ({
  common_tls_context: { validation_context: { trusted_ca: { inline_string: ca.cert }, ...more } },
});

async function outcome(cluster: TestCluster): Promise<string> {
  const request = await cluster.request().over();
  cluster.cluster.drain();
  return request.failure?.details ?? request.body;
}

test('without a validation context any certificate will do, and the SNI is sent as configured', async () => {
  const cluster = tlsCluster({ sni: 'www.test' });
  assert.equal(await outcome(cluster), 'ok');
  assert.equal(names.at(-1), 'www.test');
  assert.deepEqual(['ssl.handshake', 'ssl.connection_error'].map(cluster.stat), [1, 0]);
});

test('without SNI none is sent', async () => {
  assert.equal(await outcome(tlsCluster({})), 'ok');
  assert.equal(names.at(-1), false);
});

test('a certificate of the trusted CA is accepted, another one refused', async () => {
  assert.equal(await outcome(tlsCluster(trusting(certificate))), 'ok');
  const cluster = tlsCluster(trusting(other));
  assert.match(await outcome(cluster), /^TLS_error: CERTIFICATE_VERIFY_FAILED: verify cert failed: X509_verify_cert/);
  assert.equal(cluster.stat('ssl.fail_verify_error'), 1);
});

test('a certificate for another name is refused where names are compared', async () => {
  const match = (exact: string): object => ({
    match_typed_subject_alt_names: [{ san_type: 'DNS', matcher: { exact } }],
  });
  assert.equal(await outcome(tlsCluster(trusting(certificate, match('up.test')))), 'ok');
  const cluster = tlsCluster(trusting(certificate, match('bank.test')));
  assert.match(await outcome(cluster), /SAN matcher, certificate SANs are \[up\.test\]/);
  assert.deepEqual(['ssl.fail_verify_san', 'upstream_cx_connect_fail'].map(cluster.stat), [1, 1]);
});

test('auto_sni_san_validation wants the name that was asked for', async () => {
  const auto = { ...trusting(certificate), auto_sni_san_validation: true };
  assert.equal(await outcome(tlsCluster({ ...auto, sni: 'up.test' })), 'ok');
  assert.match(await outcome(tlsCluster({ ...auto, sni: 'bank.test' })), /SAN matcher/);
});

test('a certificate can be pinned by its hash or its key', async () => {
  const x509 = new X509Certificate(certificate.cert);
  const spki = createHash('sha256')
    .update(x509.publicKey.export({ type: 'spki', format: 'der' }))
    .digest('base64');
  const pinned = (fields: object): object => ({ common_tls_context: { validation_context: fields } });
  assert.equal(await outcome(tlsCluster(pinned({ verify_certificate_hash: [x509.fingerprint256] }))), 'ok');
  assert.equal(await outcome(tlsCluster(pinned({ verify_certificate_spki: [spki] }))), 'ok');
  const cluster = tlsCluster(pinned({ verify_certificate_hash: ['ab'.repeat(32)] }));
  assert.match(await outcome(cluster), /cert hash and spki/);
  assert.equal(cluster.stat('ssl.fail_verify_cert_hash'), 1);
});

test('a host that speaks no TLS is named by its first words, counted, and logged once', async () => {
  const plain = await ScriptedUpstream.start();
  const type = 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext';
  const world = testCluster([plain.port], `transport_socket: {name: t, typed_config: {"@type": ${type}}}`);
  for (const first of [0, 2]) {
    const request = world.request();
    // Looked at twice: the handshake, and then the words that it ended on.
    for (const index of [first, first + 1])
      (await plain.connection(index)).once('data', () =>
        plain.sockets[index]?.write('HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n'),
      );
    await request.over();
    assert.equal(request.failure?.reason, 'remote connection failure');
    assert.match(
      request.failure?.details ?? '',
      /spoke plaintext \(HTTP\/1\.x response, "HTTP\/1\.1 400 Bad Request"\)/,
    );
  }
  assert.deepEqual(['ssl.connection_error', 'ssl.plaintext_peer'].map(world.stat), [2, 2]);
  const warnings = world.runtime.logged.filter((line) => line.includes('spoke plaintext'));
  assert.equal(warnings.length, 1);
  assert.match(warnings[0] ?? '', /Cluster c: host 127\.0\.0\.1:\d+: the peer spoke plaintext/);
  await plain.close();
});

const ca = issueCertificate({ commonName: 'CA', ca: true });
const client = issueCertificate({ commonName: 'client', issuer: ca });
const inline = ({ cert, key }: { cert: string; key: string }) => ({
  certificate_chain: { inline_string: cert },
  private_key: { inline_string: key },
});

/** A server of its own; closes with the test. */
async function serve(t: TestContext, options: TlsOptions): Promise<TlsPeer> {
  const peer: TlsPeer = { subjects: [], reused: [], port: 0 };
  const own = createServer(options, (socket) => {
    peer.subjects.push(socket.getPeerX509Certificate()?.subject);
    peer.reused.push(socket.isSessionReused());
    socket.on('error', () => undefined);
    socket.on('data', () => socket.end('HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok'));
  });
  own.on('tlsClientError', () => undefined);
  own.listen(0, '127.0.0.1');
  await once(own, 'listening');
  t.after(() => own.close());
  peer.port = (own.address() as AddressInfo).port;
  return peer;
}

interface TlsPeer {
  readonly subjects: (string | undefined)[];
  readonly reused: boolean[];
  port: number;
}

function clusterAt(port: number, tls: object): TestCluster {
  const type = 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext';
  const socket = JSON.stringify({ name: 't', typed_config: { '@type': type, ...tls } });
  return testCluster([port], `transport_socket: ${socket}`);
}

test('the client certificate is shown, and sessions are resumed', async (t) => {
  const peer = await serve(t, { ...certificate, requestCert: true, ca: ca.cert });
  const cluster = clusterAt(peer.port, { common_tls_context: { tls_certificates: [inline(client)] } });
  assert.equal((await cluster.request().over()).body, 'ok');
  assert.equal((await cluster.request().over()).body, 'ok');
  assert.deepEqual(peer.subjects, ['CN=client', 'CN=client']);
  assert.deepEqual(peer.reused, [false, true]);
  assert.deepEqual(
    ['ssl.handshake', 'ssl.session_reused', 'ssl.versions.TLSv1.2', 'ssl.curves.X25519'].map(cluster.stat),
    [2, 1, 2, 1],
  );
});

test('the server of a resumed session is who it was', async (t) => {
  const peer = await serve(t, { ...certificate });
  const match = { match_typed_subject_alt_names: [{ san_type: 'DNS', matcher: { exact: 'up.test' } }] };
  const cluster = clusterAt(peer.port, trusting(certificate, match));
  for (let i = 0; i < 3; i += 1) assert.equal((await cluster.request().over()).body, 'ok');
  assert.deepEqual(peer.reused, [false, true, true]);
  assert.equal(cluster.stat('ssl.fail_verify_error'), 0);
});

test('no session is kept where max_session_keys is 0', async (t) => {
  const peer = await serve(t, { ...certificate });
  const cluster = clusterAt(peer.port, { max_session_keys: 0 });
  for (let i = 0; i < 2; i += 1) assert.equal((await cluster.request().over()).body, 'ok');
  assert.deepEqual(peer.reused, [false, false]);
});

test('a revoked certificate is refused', async (t) => {
  const leaf = issueCertificate({ commonName: 'leaf', issuer: ca, serial: 99 });
  const peer = await serve(t, leaf);
  const validation = (revoked: number[]): object => ({
    common_tls_context: {
      validation_context: { trusted_ca: { inline_string: ca.cert }, crl: { inline_string: issueCrl(ca, revoked) } },
    },
  });
  assert.equal(
    (
      await clusterAt(peer.port, validation([98]))
        .request()
        .over()
    ).body,
    'ok',
  );
  const failure = await clusterAt(peer.port, validation([99]))
    .request()
    .over();
  assert.match(failure.failure?.details ?? '', /certificate revoked/);
});

test('the use of an RSA key is looked at where it is asked for, and counted where not', async (t) => {
  const KEY_CERT_SIGN = 0x04;
  const peer = await serve(t, issueCertificate({ keyType: 'rsa', commonName: 'odd', keyUsage: KEY_CERT_SIGN }));
  const lenient = clusterAt(peer.port, {});
  const strict = clusterAt(peer.port, { enforce_rsa_key_usage: true });
  const [accepted, refused] = [await lenient.request().over(), await strict.request().over()];
  // OpenSSL itself may refuse such a key; what it lets through is judged here.
  if (accepted.failure === undefined) assert.equal(lenient.stat('ssl.was_key_usage_invalid'), 1);
  assert.match(refused.failure?.details ?? '', /KEY_USAGE_BIT_INCORRECT|CERTIFICATE/);
});

test('a host that refuses our certificate, or has one that we refuse, is logged once until it answers', async (t) => {
  const strict = { ...certificate, requestCert: true, ca: ca.cert, rejectUnauthorized: true };
  const own = issueCertificate({ commonName: 'old', names: ['URI:spiffe://mesh/old'], notAfter: '010101000000Z' });
  const warnings = (cluster: TestCluster): string[] => cluster.runtime.logged.filter((line) => line.includes('host '));
  // It says nothing: it judges when the handshake is over.
  const silent = await serve(t, strict);
  const showing = { common_tls_context: { tls_certificates: [inline(own)] } };
  const one = tlsCluster(showing, silent.port);
  for (let i = 0; i < 2; i += 1) await one.request().over();
  assert.equal(warnings(one).length, 1, one.runtime.logged.join(''));
  assert.match(
    warnings(one)[0] ?? '',
    /Cluster c: host 127\.0\.0\.1:\d+: it ended the connection with the TLS handshake and said nothing: it may have refused the certificate of this proxy, spiffe:\/\/mesh\/old/,
  );
  const two = tlsCluster(trusting(other));
  for (let i = 0; i < 2; i += 1) await two.request().over();
  assert.equal(warnings(two).length, 1);
  assert.match(warnings(two)[0] ?? '', /its certificate is refused: CERTIFICATE_VERIFY_FAILED: verify cert failed/);
  // With nothing to show, and with what the host takes, nothing is said.
  const three = tlsCluster({});
  await three.request().over();
  const four = tlsCluster({ common_tls_context: { tls_certificates: [inline(client)] } }, silent.port);
  assert.equal((await four.request().over()).body, 'ok');
  assert.deepEqual([...warnings(three), ...warnings(four)], []);
  for (const { cluster } of [three, four]) cluster.drain();
});

test('the alert by which a host refuses our certificate is logged', async (t) => {
  // Without a certificate the library itself refuses, with an alert; so does Envoy for every fault.
  const strict = await serve(t, { ...certificate, requestCert: true, ca: ca.cert, rejectUnauthorized: true });
  const alerted = connect({ port: strict.port, host: '127.0.0.1', rejectUnauthorized: false });
  alerted.resume();
  const [error] = (await once(alerted, 'error')) as [Error];
  assert.equal(certificateAlert(error), 'certificate required');
  for (const [code, alert] of [
    ['ERR_SSL_TLSV1_ALERT_UNKNOWN_CA', 'unknown ca'],
    ['ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED', 'certificate expired'],
    ['ERR_SSL_SSL/TLS_ALERT_BAD_CERTIFICATE', 'bad certificate'],
    ['ERR_SSL_TLSV1_ALERT_INTERNAL_ERROR', undefined],
    ['ECONNRESET', undefined],
  ] as const)
    assert.equal(certificateAlert(Object.assign(new Error(), { code })), alert);
});
