import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect as connectPlain, type Socket } from 'node:net';
import { afterEach, describe, it } from 'node:test';
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls';
import { clientGroup } from './key-exchange.ts';
import type { TlsMaterial } from './material.ts';
import type { SecuredConnection, ServerHandshakeFailure } from './server-handshake.ts';
import { ServerTlsContext } from './server-tls-context.ts';
import { issueCertificate, issueCrl, spkiHashOf, type IssuedCertificate } from './testing.ts';
import { decode, material, TestServer } from './tls-server.testing.ts';

describe('a TLS handshake of a server', () => {
  const ca = issueCertificate({ commonName: 'Test CA', ca: true });
  const ec = issueCertificate({ commonName: 'ec', names: ['DNS:a.test', 'DNS:*.wild.test'], issuer: ca });
  const rsa = issueCertificate({ commonName: 'rsa', names: ['DNS:a.test'], issuer: ca, keyType: 'rsa' });
  const other = issueCertificate({ commonName: 'other', names: ['DNS:other.test'], issuer: ca });
  const client = issueCertificate({
    commonName: 'client',
    names: ['URI:spiffe://weft/ns/a', 'DNS:client.test', '1.2.3.4:somebody'],
    issuer: ca,
    serial: 77,
  });
  const stranger = issueCertificate({ commonName: 'client', names: ['DNS:client.test'] });
  let open: TestServer | undefined;
  const sockets: TLSSocket[] = [];

  afterEach(() => {
    for (const socket of sockets.splice(0)) socket.destroy();
    open?.close();
  });

  async function serve(
    config: { common_tls_context?: object; [field: string]: unknown } = {},
    certificates = [ec],
    more: Partial<TlsMaterial> = {},
  ): Promise<TestServer> {
    const inline = { certificate_chain: { inline_string: '' }, private_key: { inline_string: '' } };
    const tls = decode({
      ...config,
      common_tls_context: { tls_certificates: [inline], ...config.common_tls_context },
    });
    const validation = tls.common.validation;
    const read: TlsMaterial = {
      certificates: certificates.map(material),
      trustedCa: validation?.trustedCa === undefined ? undefined : ca.cert,
      crl: undefined,
      ticketKeys: [],
      ...more,
    };
    open = await new TestServer(new ServerTlsContext(tls, validation, read)).start();
    return open;
  }

  /** What the client saw: its own error code, or `ok`. */
  async function call(
    server: TestServer,
    options: ConnectionOptions = {},
  ): Promise<{ seen: string; socket: TLSSocket }> {
    const socket = connect({ port: server.port, host: '127.0.0.1', rejectUnauthorized: false, ...options });
    sockets.push(socket);
    const seen = new Promise<string>((resolve) => {
      socket.on('secureConnect', () => socket.write('ping'));
      socket.on('data', () => resolve('ok'));
      socket.on('error', (error) => resolve((error as NodeJS.ErrnoException).code ?? ''));
      socket.on('close', () => resolve('closed'));
    });
    return { seen: await seen, socket };
  }

  async function secured(server: TestServer, options: ConnectionOptions = {}): Promise<SecuredConnection> {
    const outcome = server.next();
    await call(server, options);
    const result = await outcome;
    assert.ok('info' in result, 'reason' in result ? result.reason : '');
    return result;
  }

  async function refused(server: TestServer, options: ConnectionOptions = {}): Promise<ServerHandshakeFailure> {
    const outcome = server.next();
    const { seen } = await call(server, options);
    assert.notEqual(seen, 'ok');
    const result = await outcome;
    assert.ok('reason' in result);
    return result;
  }

  const trusting = (more: object = {}): { common_tls_context: object } => ({
    common_tls_context: { validation_context: { trusted_ca: { inline_string: 'ca' }, ...more } },
  });

  it('tells version, cipher, name and protocol', async () => {
    const server = await serve({ common_tls_context: { alpn_protocols: ['h2', 'http/1.1'] } });
    const { info } = await secured(server, { servername: 'A.test', ALPNProtocols: ['http/1.1', 'h2'] });
    assert.equal(info.version, 'TLSv1.3');
    assert.equal(info.cipher, 'TLS_AES_128_GCM_SHA256');
    assert.equal(info.serverName, 'a.test');
    assert.equal(info.alpn, 'h2');
    assert.equal(info.peer, undefined);
    assert.equal(info.local.subject, 'CN=ec');
    assert.deepEqual(info.local.dnsSans, ['a.test', '*.wild.test']);
  });

  it('goes on without ALPN where no protocol is common', async () => {
    const server = await serve({ common_tls_context: { alpn_protocols: ['h2'] } });
    const { info } = await secured(server, { ALPNProtocols: ['acme-tls/1'] });
    assert.equal(info.alpn, '');
  });

  it('chooses the certificate by exact name, by wildcard, by key type, and else the first', async () => {
    const server = await serve({}, [other, ec, rsa]);
    const subjects: string[] = [];
    const rsaOnly = { sigalgs: 'rsa_pss_rsae_sha256' };
    for (const options of [
      { servername: 'a.test' },
      { servername: 'x.wild.test' },
      { servername: 'x.y.wild.test' },
      { servername: 'nobody.test' },
      {},
      { servername: 'a.test', ...rsaOnly },
    ])
      subjects.push((await secured(server, options)).info.local.subject);
    assert.deepEqual(subjects, ['CN=ec', 'CN=ec', 'CN=other', 'CN=other', 'CN=other', 'CN=rsa']);
  });

  it('looks at all certificates for a name that none is for, where it is told to', async () => {
    const server = await serve({ full_scan_certs_on_sni_mismatch: true }, [other, rsa]);
    const { info } = await secured(server, { servername: 'nobody.test', sigalgs: 'rsa_pss_rsae_sha256' });
    assert.equal(info.local.subject, 'CN=rsa');
  });

  it('shows who the client is', async () => {
    const server = await serve({ ...trusting(), require_client_certificate: true });
    const { info } = await secured(server, { ...client });
    assert.equal(info.peerVerified, true);
    assert.equal(info.peer?.subject, 'CN=client');
    assert.equal(info.peer?.issuer, 'CN=Test CA');
    assert.deepEqual(info.peer?.uriSans, ['spiffe://weft/ns/a']);
    assert.deepEqual(info.peer?.dnsSans, ['client.test']);
    assert.equal(info.peer?.serialNumber, '4d');
    assert.match(info.peer?.sha256Fingerprint ?? '', /^[0-9a-f]{64}$/);
    assert.match(info.peer?.urlEncodedPem ?? '', /^-----BEGIN%20CERTIFICATE-----%0A[^\n +/=]*%0A$/);
  });

  it('refuses a client without a certificate where one is required, and not where it is not', async () => {
    const strict = await serve({ ...trusting(), require_client_certificate: true });
    const failure = await refused(strict);
    assert.equal(failure.verification, 'fail_verify_no_cert');
    assert.match(failure.reason, /PEER_DID_NOT_RETURN_A_CERTIFICATE/);
    strict.close();
    const lenient = await serve(trusting());
    const { info } = await secured(lenient);
    assert.equal(info.peerVerified, false);
  });

  it('refuses a client of another CA, and says so', async () => {
    const server = await serve(trusting());
    const failure = await refused(server, { ...stranger });
    assert.equal(failure.verification, 'fail_verify_error');
    assert.match(failure.reason, /CERTIFICATE_VERIFY_FAILED: verify cert failed: X509_verify_cert/);
  });

  it('accepts an untrusted client where it is told to, and does not call it verified', async () => {
    const server = await serve(trusting({ trust_chain_verification: 'ACCEPT_UNTRUSTED' }));
    const { info, verification } = await secured(server, { ...stranger });
    assert.equal(info.peerVerified, false);
    assert.equal(verification, 'fail_verify_error');
    assert.equal((await secured(server, { ...client })).info.peerVerified, true);
  });

  it('compares names of every kind', async () => {
    const san = (san_type: string, matcher: object, more: object = {}) =>
      trusting({ match_typed_subject_alt_names: [{ san_type, matcher, ...more }] });
    for (const config of [
      san('URI', { prefix: 'spiffe://weft/' }),
      san('DNS', { exact: 'client.test' }),
      san('DNS', { safe_regex: { regex: 'cl.*' } }),
      san('OTHER_NAME', { exact: 'somebody' }, { oid: '1.2.3.4' }),
    ]) {
      const server = await serve(config);
      assert.equal((await secured(server, { ...client })).info.peerVerified, true);
      server.close();
    }
    const server = await serve(san('DNS', { exact: 'boss.test' }));
    const failure = await refused(server, { ...client });
    assert.equal(failure.verification, 'fail_verify_san');
    assert.match(failure.reason, /SAN matcher, certificate SANs are \[spiffe:\/\/weft\/ns\/a, client.test, somebody\]/);
  });

  it('pins certificates and keys', async () => {
    const spki = { verify_certificate_spki: [spkiHashOf(client.cert)] };
    const server = await serve({ common_tls_context: { validation_context: spki } });
    assert.equal((await secured(server, { ...client })).info.peerVerified, true);
    assert.equal((await refused(server, { ...stranger })).verification, 'fail_verify_cert_hash');
    assert.equal((await refused(server)).verification, 'fail_verify_no_cert');
  });

  it('refuses what is revoked', async () => {
    const server = await serve(trusting(), [ec], { crl: issueCrl(ca, [77]) });
    const failure = await refused(server, { ...client });
    assert.match(failure.reason, /revoked/);
    const another = issueCertificate({ commonName: 'another', issuer: ca });
    assert.equal((await secured(server, { ...another })).info.peerVerified, true);
  });

  it('wants a list for the leaf only, or for every certificate of the chain', async () => {
    const middle = issueCertificate({ commonName: 'middle', ca: true, issuer: ca, serial: 500 });
    const good = issueCertificate({ commonName: 'good', issuer: middle, serial: 501 });
    const bad = issueCertificate({ commonName: 'bad', issuer: middle, serial: 502 });
    const chained = (leaf: IssuedCertificate) => ({ key: leaf.key, cert: leaf.cert + middle.cert });
    const crl = issueCrl(middle, [502, 0x8000]);
    const leafOnly = await serve(trusting({ only_verify_leaf_cert_crl: true }), [ec], { crl });
    assert.equal((await secured(leafOnly, chained(good))).info.peerVerified, true);
    assert.match((await refused(leafOnly, chained(bad))).reason, /certificate revoked/);
    assert.match((await refused(leafOnly, { ...client })).reason, /unable to get certificate CRL/);
    leafOnly.close();
    const all = await serve(trusting(), [ec], { crl });
    assert.match((await refused(all, chained(good))).reason, /unable to get certificate CRL/);
    all.close();
    const forged = issueCrl({ cert: middle.cert, key: stranger.key }, []);
    const unsigned = await serve(trusting({ only_verify_leaf_cert_crl: true }), [ec], { crl: forged });
    assert.match((await refused(unsigned, chained(good))).reason, /unable to get certificate CRL/);
  });

  it('refuses what is revoked and has expired, although dates are not looked at', async () => {
    const old = issueCertificate({ commonName: 'old', issuer: ca, notAfter: '100101000000Z', serial: 600 });
    const server = await serve(trusting({ allow_expired_certificate: true }), [ec], { crl: issueCrl(ca, [600]) });
    assert.match((await refused(server, { ...old })).reason, /certificate revoked/);
  });

  it('tells the key exchange group', async () => {
    const curves = ['X25519', 'P-256', 'P-384'];
    const server = await serve({ common_tls_context: { tls_params: { ecdh_curves: curves } } }, [rsa]);
    for (const [ecdhCurve, group] of [
      ['X25519', 'X25519'],
      ['P-256', 'P-256'],
      ['P-384:P-256', 'P-256'],
      ['X25519MLKEM768:X25519:P-256', 'X25519'],
    ] as const)
      for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
        const outcome = server.next();
        const { socket } = await call(server, { ecdhCurve, maxVersion });
        const result = await outcome;
        const seen = clientGroup(socket);
        assert.equal('group' in result && result.group, seen, `${ecdhCurve} ${maxVersion}`);
        if (ecdhCurve !== 'P-384:P-256') assert.equal(seen, group);
      }
  });

  it('refuses what has expired, unless it is told not to look; an expired stranger stays a stranger', async () => {
    const expired = { commonName: 'old', notAfter: '100101000000Z' };
    const old = issueCertificate({ ...expired, issuer: ca });
    const oldStranger = issueCertificate(expired);
    const strict = await serve(trusting());
    assert.match((await refused(strict, { ...old })).reason, /expired/);
    strict.close();
    const lenient = await serve(trusting({ allow_expired_certificate: true }));
    assert.equal((await secured(lenient, { ...old })).info.peerVerified, true);
    assert.equal((await refused(lenient, { ...oldStranger })).verification, 'fail_verify_error');
  });

  it('counts intermediates against the limit', async () => {
    const middle = issueCertificate({ commonName: 'middle', ca: true, issuer: ca });
    const leaf = issueCertificate({ commonName: 'leaf', issuer: middle });
    const chain = { key: leaf.key, cert: leaf.cert + middle.cert };
    const one = await serve(trusting({ max_verify_depth: 1 }));
    assert.equal((await secured(one, chain)).info.peerVerified, true);
    one.close();
    const none = await serve(trusting({ max_verify_depth: 0 }));
    assert.match((await refused(none, chain)).reason, /too long/);
  });

  it('resumes sessions, and judges their clients again', async () => {
    for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
      const server = await serve({ ...trusting(), require_client_certificate: true });
      const { socket } = await call(server, { ...client, maxVersion });
      const session = socket.getSession() ?? (await once(socket, 'session'))[0];
      const again = await secured(server, { ...client, maxVersion, session: session as Buffer });
      assert.equal(again.resumed, true, maxVersion);
      assert.equal(again.info.peerVerified, true);
      assert.equal(again.info.peer?.subject, 'CN=client');
      server.close();
    }
  });

  it('resumes nothing where tickets are disabled', async () => {
    const server = await serve({
      disable_stateless_session_resumption: true,
      disable_stateful_session_resumption: true,
    });
    const { socket } = await call(server, { maxVersion: 'TLSv1.2' });
    const again = await secured(server, { maxVersion: 'TLSv1.2', session: socket.getSession()! });
    assert.equal(again.resumed, false);
  });

  it('asks for a name where it is told to', async () => {
    const server = await serve({ require_sni: true });
    assert.match((await refused(server)).reason, /no SNI/);
    await secured(server, { servername: 'a.test' });
  });

  it('speaks no version and no cipher that is not allowed', async () => {
    const params = { tls_maximum_protocol_version: 'TLSv1_2', cipher_suites: ['[ECDHE-ECDSA-AES256-GCM-SHA384]'] };
    const server = await serve({ common_tls_context: { tls_params: params } });
    const { info } = await secured(server);
    assert.deepEqual([info.version, info.cipher], ['TLSv1.2', 'ECDHE-ECDSA-AES256-GCM-SHA384']);
    const failure = await refused(server, { minVersion: 'TLSv1.3' });
    assert.match(failure.reason, /UNSUPPORTED_PROTOCOL/);
  });

  it('tells a client that speaks plaintext HTTP what is wrong, and names it', async () => {
    const server = await serve();
    const outcome = server.next();
    const socket = connectPlain(server.port, '127.0.0.1');
    socket.write('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
    const reply = await textOf(socket);
    assert.match(reply, /^HTTP\/1\.1 400 Bad Request\r\n/);
    assert.match(reply, /This port speaks TLS/);
    const failure = await outcome;
    assert.equal('plaintext' in failure && failure.plaintext, 'HTTP/1.x request');
  });

  it('closes on every other protocol', async () => {
    const server = await serve();
    const outcome = server.next();
    const socket = connectPlain(server.port, '127.0.0.1');
    socket.write('SSH-2.0-x\r\n');
    assert.equal(await textOf(socket), '');
    const failure = await outcome;
    assert.equal('plaintext' in failure && failure.plaintext, 'SSH');
  });

  it('names a client that goes away before it said anything', async () => {
    const server = await serve();
    const outcome = server.next();
    connectPlain(server.port, '127.0.0.1').end();
    const failure = await outcome;
    assert.equal('closedByPeer' in failure && failure.closedByPeer, true);
  });

  it('takes a hello that comes byte by byte', async () => {
    const server = await serve();
    const outcome = server.next();
    const plain = connectPlain(server.port, '127.0.0.1');
    const secure = connect({ socket: crumbling(plain), rejectUnauthorized: false, servername: 'a.test' });
    sockets.push(secure);
    await once(secure, 'secureConnect');
    assert.ok('info' in (await outcome));
  });
});

/** Passes writes on in single bytes. */
function crumbling(socket: Socket): Socket {
  const write = socket.write.bind(socket) as (chunk: Buffer) => boolean;
  socket.setNoDelay(true);
  const proxy = new Proxy(socket, {
    get(target, key) {
      if (key !== 'write') {
        const value = Reflect.get(target, key) as unknown;
        return typeof value === 'function' ? (value as (...args: unknown[]) => unknown).bind(target) : value;
      }
      return (chunk: Buffer, ...rest: unknown[]) => {
        for (const byte of chunk) write(Buffer.from([byte]));
        const done = rest.at(-1);
        if (typeof done === 'function') process.nextTick(done as () => void);
        return true;
      };
    },
  });
  return proxy;
}

async function textOf(socket: Socket): Promise<string> {
  let text = '';
  socket.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')));
  socket.on('error', () => undefined);
  await once(socket, 'close');
  return text;
}
