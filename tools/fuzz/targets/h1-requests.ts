import { Http1ServerCodec, http1ServerSettings } from '@weft/net-h1';
import { latin1, pieces, type FuzzTarget } from '../target.ts';
import { sameEvents, ServerEvents, signature } from './events.ts';

const settings = http1ServerSettings({ enableTrailers: true, acceptHttp10: true, defaultHostForHttp10: 'h' });

function feed(chunks: readonly Buffer[]): ServerEvents {
  const events = new ServerEvents();
  const codec = new Http1ServerCodec(events.transport, events, settings);
  for (const chunk of chunks) if (!events.transport.closed) codec.onData(chunk);
  if (!events.transport.closed) codec.onEnd();
  return events;
}

export const h1Requests: FuzzTarget = {
  name: 'h1-requests',
  seeds: [
    'GET / HTTP/1.1\r\nHost: h\r\n\r\n',
    'POST /a?b HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhelloGET /2 HTTP/1.1\r\nHost: h\r\n\r\n',
    'POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nTrailer: x\r\n\r\n5;a=b\r\nhello\r\n0\r\nx: y\r\n\r\n',
    'GET http://a:80/b HTTP/1.1\r\nHost: c\r\nConnection: close, x\r\nX: 1\r\n\r\n',
    'CONNECT h:443 HTTP/1.1\r\nHost: h:443\r\n\r\nbytes',
    'GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: x\r\n\r\n',
    'GET / HTTP/1.0\r\n\r\n',
    'PUT / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\nx',
  ].map(latin1),
  words: [
    '\r\n', '\n', '\r', '\r\n\r\n', ': ', ' ', '\t', 'Content-Length: 5\r\n', 'content-length: 0\r\n', 'Transfer-Encoding: chunked\r\n',
    'Transfer-Encoding: gzip, chunked\r\n', 'Host: h\r\n', 'HTTP/1.1', 'HTTP/1.0', 'HTTP/2.0', 'chunked', 'identity', '0\r\n\r\n', 'ffffffffffffffff',
    '+5', '-1', '0x5', '5 ', ';', '"', '\\', ' HTTP/1.1\r\n', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'close', 'keep-alive', '\0', '\v', '\x80',
  ].map(latin1), // prettier-ignore
  run(input, random) {
    const whole = feed([Buffer.from(input)]);
    sameEvents(whole.log, feed(pieces(input, random)).log);
    return signature(whole.log, whole.faults);
  },
};
