import assert from 'node:assert/strict';
import { Duplex } from 'node:stream';
import { describe, it } from 'node:test';
import { connect, type ConnectionOptions } from 'node:tls';
import { parseClientHello } from './client-hello.ts';

/** The first flight of Node's own TLS client. */
function firstFlight(options: ConnectionOptions): Promise<Buffer> {
  return new Promise((resolve) => {
    const wire = new Duplex({
      read: () => undefined,
      write: (chunk: Buffer) => {
        resolve(chunk);
        queueMicrotask(() => secured.destroy());
      },
    });
    const secured = connect({ socket: wire, ...options });
    secured.on('error', () => undefined);
  });
}

/** The same hello in records of at most `size` bytes. */
function inRecordsOf(flight: Buffer, size: number): Buffer {
  const records: Buffer[] = [];
  for (let at = 5; at < flight.length; at += size) {
    const piece = flight.subarray(at, at + size);
    records.push(Buffer.from([22, 3, 1, piece.length >> 8, piece.length & 255]), piece);
  }
  return Buffer.concat(records);
}

describe('the ClientHello parser', () => {
  it('reads name, protocols and versions of a real client', async () => {
    const flight = await firstFlight({ servername: 'A.Test', ALPNProtocols: ['h2', 'http/1.1'] });
    const result = parseClientHello(flight);
    assert.equal(result.kind, 'hello');
    if (result.kind !== 'hello') return;
    assert.equal(result.hello.serverName, 'a.test');
    assert.deepEqual(result.hello.alpn, ['h2', 'http/1.1']);
    assert.equal(result.hello.legacyVersion, 0x0303);
    assert.ok(result.hello.supportedVersions.includes(0x0304));
    assert.ok(result.hello.cipherSuites.includes(0x1301));
    assert.ok(result.hello.signatureAlgorithms.includes(0x0403));
    assert.ok(result.hello.groups.includes(0x001d));
  });

  it('has no name and no protocols where the client says none', async () => {
    const result = parseClientHello(await firstFlight({}));
    assert.equal(result.kind === 'hello' && result.hello.serverName, '');
    assert.deepEqual(result.kind === 'hello' && result.hello.alpn, []);
  });

  it('asks for more wherever the hello is cut, and finds it with what follows', async () => {
    const flight = await firstFlight({ servername: 'cut.test', ALPNProtocols: ['h2'] });
    for (const whole of [flight, inRecordsOf(flight, 100), inRecordsOf(flight, 3)]) {
      for (let cut = 0; cut < whole.length; cut += 1)
        assert.equal(parseClientHello(whole.subarray(0, cut)).kind, 'more', `cut at ${cut}`);
      const result = parseClientHello(Buffer.concat([whole, Buffer.from('what follows')]));
      assert.equal(result.kind === 'hello' && result.hello.serverName, 'cut.test');
    }
  });

  it('tells other protocols at their first byte that differs', () => {
    for (const text of ['GET / HTTP/1.1\r\n', 'PRI * HTTP/2.0\r\n', 'SSH-2.0-x', '\x00', '\x16\x02'])
      assert.equal(parseClientHello(Buffer.from(text, 'latin1')).kind, 'not-tls', text);
    assert.equal(parseClientHello(Buffer.from('1603ff0000', 'hex')).kind, 'not-tls');
  });

  it('refuses a hello above the limit before it has come', async () => {
    const flight = await firstFlight({ servername: 'large.test' });
    assert.equal(parseClientHello(flight.subarray(0, 9), 100).kind, 'malformed');
  });

  it('refuses a hello that is cut into thousands of records', async () => {
    const flight = await firstFlight({ servername: 'crumbs.test' });
    assert.equal(parseClientHello(inRecordsOf(flight, 1)).kind, 'malformed');
  });

  it('refuses records that carry something else', async () => {
    const flight = await firstFlight({});
    const serverHello = Buffer.from(flight);
    serverHello[5] = 2;
    assert.equal(parseClientHello(serverHello).kind, 'malformed');
    const alertInside = inRecordsOf(flight, 50);
    alertInside[55] = 21;
    assert.equal(parseClientHello(alertInside).kind, 'malformed');
  });

  it('never throws, hangs or reads past the end whatever bytes are changed', async () => {
    const flight = await firstFlight({ servername: 'fuzz.test', ALPNProtocols: ['h2'] });
    let seed = 1;
    const next = (below: number): number => {
      seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
      return Math.floor((seed / 2 ** 32) * below);
    };
    for (let round = 0; round < 20_000; round += 1) {
      const bytes = Buffer.from(flight.subarray(0, next(flight.length + 1)));
      for (let changes = next(4); changes > 0 && bytes.length > 0; changes -= 1) bytes[next(bytes.length)] = next(256);
      const { kind } = parseClientHello(bytes);
      assert.ok(['more', 'not-tls', 'malformed', 'hello'].includes(kind));
    }
  });
});
