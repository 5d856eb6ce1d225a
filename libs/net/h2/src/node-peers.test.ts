import assert from 'node:assert/strict';
import { once } from 'node:events';
import http2 from 'node:http2';
import net from 'node:net';
import { test } from 'node:test';
import type { Transport, TransportReceiver } from '@weft/core-bytes';
import { HeaderMap, RequestHeaderMap, ResponseHeaderMap, type ServerStream } from '@weft/core-http';
import { RecordingReceiver } from '@weft/core-http/testing';
import { Http2ClientCodec } from './client-codec.ts';
import { Http2ServerCodec } from './server-codec.ts';
import { http2ClientSettings, http2ServerSettings } from './settings.ts';

/** A socket as a transport, as much of one as a codec needs: the real one is a sibling's. */
function transportOver(socket: net.Socket): Transport {
  let receiver: TransportReceiver | undefined;
  socket.on('error', () => undefined);
  const write = (chunk: Buffer): boolean => !socket.writable || socket.write(chunk);
  return {
    setReceiver(to) {
      receiver = to;
      socket.on('data', (chunk: Buffer) => receiver?.onData(chunk));
      socket.on('drain', () => receiver?.onDrain());
      socket.on('end', () => receiver?.onEnd());
      socket.on('close', () => receiver?.onClose({ by: 'remote' }));
    },
    write,
    writeLatin1: (text) => write(Buffer.from(text, 'latin1')),
    end: () => void socket.end(),
    close: () => void socket.end(),
    destroy: () => void socket.destroy(),
    pauseReading: () => void socket.pause(),
    resumeReading: () => void socket.resume(),
    get bufferedBytes() {
      return socket.writableLength;
    },
    get bytesWritten() {
      return socket.bytesWritten;
    },
    get closed() {
      return !socket.writable;
    },
  };
}

async function listening(server: net.Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as net.AddressInfo).port;
}

/** Echoes bodies, with a trailer. */
class Echo extends RecordingReceiver<RequestHeaderMap> {
  readonly stream: ServerStream;
  constructor(stream: ServerStream) {
    super();
    this.stream = stream;
  }
  override headers(head: RequestHeaderMap, end: boolean): void {
    this.stream.headers(new ResponseHeaderMap(200, ['x-path', head.path]), end);
  }
  override data(chunk: Buffer, end: boolean): boolean {
    if (!this.stream.data(chunk, false)) this.stream.pause();
    if (end) this.stream.trailers(new HeaderMap(['x-done', 'yes']));
    return true;
  }
  override drained(): void {
    this.stream.resume();
  }
}

test('The client of Node speaks with the server codec: many streams, large bodies, trailers', async () => {
  const faults: string[] = [];
  const settings = http2ServerSettings();
  const server = net.createServer((socket) => {
    const transport = transportOver(socket);
    const callbacks = {
      newStream: (stream: ServerStream) => new Echo(stream),
      onProtocolError: (details: string) => void faults.push(details),
      onIdle: () => undefined,
    };
    transport.setReceiver(new Http2ServerCodec(transport, callbacks, settings));
  });
  const session = http2.connect(`http://127.0.0.1:${await listening(server)}`);
  const body = Buffer.alloc(400_000, 'xyz');
  const results = await Promise.all(
    Array.from({ length: 20 }, async (_, i) => {
      const stream = session.request({ ':method': 'POST', ':path': `/${i}` });
      const [head, trailers, chunks] = await Promise.all([
        once(stream, 'response'),
        once(stream, 'trailers'),
        stream.toArray() as Promise<Buffer[]>,
        new Promise((resolve) => stream.end(body, () => resolve(undefined))),
      ]);
      return `${head[0]['x-path']} ${trailers[0]['x-done']} ${Buffer.concat(chunks).equals(body)}`;
    }),
  );
  assert.deepEqual(
    results,
    results.map((_, i) => `/${i} yes true`),
  );
  session.close();
  await once(session, 'close');
  server.close();
  assert.deepEqual(faults, []);
  assert.equal(settings.stats.streamsActive.value, 0);
  assert.equal(settings.stats.pendingSendBytes.value, 0);
});

test('The server of Node speaks with the client codec: many streams, large bodies, trailers', async () => {
  const server = http2.createServer();
  server.on('stream', (stream, head) => {
    stream.respond({ ':status': 201, 'x-path': head[':path'] }, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers({ 'x-done': 'yes' }));
    stream.pipe(stream);
  });
  const socket = net.connect(await listening(server as unknown as net.Server), '127.0.0.1');
  const transport = transportOver(socket);
  const faults: string[] = [];
  const ended = Promise.withResolvers<undefined>();
  let ends = 0;
  const callbacks = {
    onStreamEnd: () => {
      ends += 1;
      if (ends === 20) ended.resolve(undefined);
    },
    onMaxConcurrentStreams: () => undefined,
    onGoAway: () => undefined,
    onProtocolError: (details: string) => void faults.push(details),
  };
  const settings = http2ClientSettings();
  const codec = new Http2ClientCodec(transport, callbacks, settings);
  transport.setReceiver(codec);
  const body = Buffer.alloc(400_000, 'xyz');
  const receivers = Array.from({ length: 20 }, (_, i) => {
    const receiver = new RecordingReceiver<ResponseHeaderMap>();
    const stream = codec.newStream(receiver);
    stream.headers(new RequestHeaderMap('POST', `/${i}`, 'h.test'), false);
    stream.data(body, true);
    return receiver;
  });
  await ended.promise;
  receivers.forEach((receiver, i) => {
    assert.equal(receiver.head?.status, 201);
    assert.equal(receiver.head.get('x-path'), `/${i}`);
    assert.equal(receiver.body, body.toString());
    assert.equal(receiver.trailerMap?.get('x-done'), 'yes');
  });
  assert.deepEqual(faults, []);
  assert.equal(settings.stats.pendingSendBytes.value, 0);
  socket.destroy();
  server.close();
});
