import assert from 'node:assert/strict';
import { PassThrough, Duplex } from 'node:stream';
import { describe, it } from 'node:test';
import { connect, type ConnectionOptions } from 'node:tls';
import { bytewise, createFilterWorld, feed } from '../accepted.testing.ts';
import type { TlsInspectorConfig } from './config.decode.ts';
import { tlsInspectorFactory } from './tls-inspector.ts';

const CONFIG: TlsInspectorConfig = { ja3: false, ja4: false, maxHelloBytes: 16384, closeOnParseError: false };

/** The first bytes that Node's TLS sends. */
async function clientHello(options: ConnectionOptions): Promise<Buffer> {
  const sent = new PassThrough();
  const wire = Duplex.from({ writable: sent, readable: new PassThrough() });
  const client = connect({ socket: wire, rejectUnauthorized: false, ...options });
  client.on('error', () => undefined);
  const [first] = await new Promise<[Buffer]>((resolve) => sent.once('data', (chunk: Buffer) => resolve([chunk])));
  client.destroy();
  return first;
}

const inspect = (config: Partial<TlsInspectorConfig> = {}) =>
  createFilterWorld(tlsInspectorFactory, { ...CONFIG, ...config });

describe('tls_inspector', () => {
  it('finds SNI and ALPN, however the hello is cut', async () => {
    const hello = await clientHello({ servername: 'A.Example.com', ALPNProtocols: ['h2', 'http/1.1'] });
    for (const pieces of [[hello], bytewise(hello)]) {
      const { prepared, count } = inspect();
      const { connection, passed } = feed((cx) => prepared.create(cx), ...pieces);
      assert.ok(passed);
      assert.equal(connection.transportProtocol, 'tls');
      assert.equal(connection.serverName, 'a.example.com');
      assert.deepEqual(connection.applicationProtocols, ['h2', 'http/1.1']);
      assert.equal(connection.bytes.length, hello.length);
      assert.equal(count('tls_inspector.tls_found'), 1);
      assert.equal(count('tls_inspector.sni_found'), 1);
      assert.equal(count('tls_inspector.alpn_found'), 1);
    }
  });

  it('counts what a hello does not have', async () => {
    const { prepared, count } = inspect();
    const { connection } = feed((cx) => prepared.create(cx), await clientHello({}));
    assert.equal(connection.serverName, '');
    assert.equal(count('tls_inspector.sni_not_found'), 1);
    assert.equal(count('tls_inspector.alpn_not_found'), 1);
  });

  it('lets plaintext pass at its first byte', () => {
    const { prepared, count } = inspect();
    const { connection, passed } = feed((cx) => prepared.create(cx), Buffer.from('G'));
    assert.ok(passed);
    assert.equal(connection.transportProtocol, '');
    assert.equal(count('tls_inspector.tls_not_found'), 1);
  });

  it('ends connections whose hello is larger than the limit', async () => {
    const { prepared, count } = inspect({ maxHelloBytes: 64 });
    const { connection } = feed((cx) => prepared.create(cx), await clientHello({}));
    assert.equal(connection.closed, 'tls_inspector: the ClientHello is too large');
    assert.equal(count('tls_inspector.client_hello_too_large'), 1);
  });

  it('lets a broken hello pass as no TLS, unless told to end it', async () => {
    const hello = Buffer.from(await clientHello({ servername: 'a' }));
    // The session id's length points beyond the message.
    hello[43] = 255;
    hello.fill(255, 44);
    const passes = inspect();
    assert.ok(feed((cx) => passes.prepared.create(cx), hello).passed);
    assert.equal(passes.count('tls_inspector.tls_not_found'), 1);
    const ends = inspect({ closeOnParseError: true });
    assert.match(feed((cx) => ends.prepared.create(cx), hello).connection.closed ?? '', /cannot be read/);
  });

  it('makes fingerprints that do not depend on the name', async () => {
    const { prepared } = inspect({ ja3: true, ja4: true });
    const of = async (servername: string) =>
      feed((cx) => prepared.create(cx), await clientHello({ servername, ALPNProtocols: ['h2'] })).connection;
    const [one, other] = [await of('a.com'), await of('b.example')];
    assert.match(one.ja3, /^[0-9a-f]{32}$/);
    assert.match(one.ja4, /^t13d\d{4}h2_[0-9a-f]{12}_[0-9a-f]{12}$/);
    assert.equal(one.ja3, other.ja3);
    assert.equal(one.ja4, other.ja4);
  });
});
