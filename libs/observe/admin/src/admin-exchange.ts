import type { IncomingMessage } from 'node:http';
import { RequestHeaderMap, ResponseHeaderMap, StreamInfo, socketAddress } from '@weft/core-http';
import type { Clock } from '@weft/core-runtime';
import type { AdminReply } from './admin-source.ts';

/** One request to the admin server in the words of the data plane, so that the same access logs can print it. */
export class AdminExchange {
  readonly info: StreamInfo;
  readonly request: RequestHeaderMap;
  readonly response = new ResponseHeaderMap();

  constructor(message: IncomingMessage, clock: Clock) {
    const { socket, rawHeaders } = message;
    const downstream = {
      id: 0,
      localAddress: socketAddress(socket.localAddress ?? '', socket.localPort ?? 0),
      directRemoteAddress: socketAddress(socket.remoteAddress ?? '', socket.remotePort ?? 0),
      tls: false,
      requestedServerName: '',
    };
    this.info = new StreamInfo(downstream, clock.nowMs(), clock.wallMs());
    if (message.httpVersion === '1.0') this.info.protocol = 'HTTP/1.0';
    const raw: string[] = [];
    for (let at = 0; at < rawHeaders.length; at += 2) {
      const name = (rawHeaders[at] as string).toLowerCase();
      if (name !== 'host') raw.push(name, rawHeaders[at + 1] as string);
    }
    this.request = new RequestHeaderMap(message.method, message.url, message.headers.host ?? '', raw);
  }

  end(reply: AdminReply, clock: Clock): void {
    this.response.status = reply.status;
    this.info.responseCode = reply.status;
    this.info.bytesSent = Buffer.byteLength(reply.body);
    this.info.requestCompleteMs = clock.nowMs();
    this.info.firstDownstreamTxMs = clock.nowMs();
    this.info.endMs = clock.nowMs();
  }
}
