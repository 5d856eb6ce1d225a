import type { Socket } from 'node:net';
import type { RecognisedProtocol } from '@weft/core-bytes';
import type { Timers } from '@weft/core-runtime';

const BODY =
  'This port speaks TLS, and the request came in plaintext. Use https, or give the client a TLS configuration.\n';
const HTTP1_REPLY =
  'HTTP/1.1 400 Bad Request\r\ncontent-type: text/plain\r\nconnection: close\r\n' +
  `content-length: ${BODY.length}\r\n\r\n${BODY}`;
/** How long a client may take to read it. */
const LINGER_MS = 1000;

/** Tells a client that speaks HTTP/1.x in plaintext what is wrong; closes on every other one. Envoy closes on all. */
export function answerPlaintext(socket: Socket, protocol: RecognisedProtocol | string, timers: Timers): void {
  if (protocol !== 'HTTP/1.x request') {
    socket.destroy();
    return;
  }
  // What the client still sends is dropped: closing on unread bytes would reset the reply away.
  socket.on('error', () => undefined);
  socket.resume();
  socket.end(HTTP1_REPLY, 'latin1');
  const timer = timers.start(LINGER_MS, { onTimer: () => socket.destroy() });
  socket.once('close', () => timer.cancel());
}
