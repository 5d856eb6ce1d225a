import { RequestHeaderMap } from '@weft/core-http';
import { Http1ClientCodec, http1ClientSettings } from '@weft/net-h1';
import { latin1, pieces, type FuzzTarget } from '../target.ts';
import { ClientEvents, sameEvents, signature } from './events.ts';

const settings = http1ClientSettings({ enableTrailers: true });

function feed(chunks: readonly Buffer[], method: string): ClientEvents {
  const events = new ClientEvents();
  const codec = new Http1ClientCodec(events.transport, events, settings);
  const stream = codec.newStream(events.receiver());
  const request = new RequestHeaderMap(method, '/', 'h');
  if (method === 'GET+upgrade') {
    request.method = 'GET';
    request.protocol = 'websocket';
  }
  stream.headers(request, method !== 'CONNECT' && method !== 'GET+upgrade');
  for (const chunk of chunks) if (!events.transport.closed) codec.onData(chunk);
  if (!events.transport.closed) codec.onEnd();
  codec.onClose({ by: 'remote' });
  return events;
}

const METHODS = ['GET', 'HEAD', 'CONNECT', 'GET+upgrade'];

export const h1Responses: FuzzTarget = {
  name: 'h1-responses',
  seeds: [
    'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nx: y\r\n\r\n',
    'HTTP/1.0 200 OK\r\n\r\nuntil the end',
    'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n',
    'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\nbytes',
    'HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n',
  ].map(latin1),
  words: [
    '\r\n', '\n', '\r\n\r\n', 'HTTP/1.1 200 OK\r\n', 'HTTP/1.1 100 \r\n\r\n', 'HTTP/1.1 101 x\r\n\r\n', 'Content-Length: 5\r\n', 'Content-Length: 5, 5\r\n',
    'Transfer-Encoding: chunked\r\n', 'Connection: close\r\n', '0\r\n\r\n', 'ffffffff', ' ', '\0', '204', '304', '999', '000',
  ].map(latin1), // prettier-ignore
  run(input, random) {
    const method = random.pick(METHODS);
    const whole = feed([Buffer.from(input)], method);
    sameEvents(whole.log, feed(pieces(input, random), method).log);
    return `${method};${signature(whole.log, whole.faults)}`;
  },
};
