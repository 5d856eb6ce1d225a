import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Answers orchestrators: `/healthz/ready` is 200 when sidecar and program are ready, else 503 with the reason. Source: Istio, 15021. */
export class ReadinessServer {
  private readonly server: Server;

  /** `fault` says what is not ready; undefined: everything is. */
  constructor(fault: () => Promise<string | undefined>) {
    this.server = createServer((request, response) => {
      if (request.url !== '/healthz/ready') {
        response.writeHead(404).end('only /healthz/ready is here\n');
        return;
      }
      fault().then(
        (text) => response.writeHead(text === undefined ? 200 : 503).end(`${text ?? 'ready'}\n`),
        () => response.writeHead(503).end('unknown\n'),
      );
    });
  }

  /** The port that it has. Rejects when it cannot be had. */
  async listen(port: number, host: string): Promise<number> {
    this.server.listen(port, host);
    await once(this.server, 'listening');
    return (this.server.address() as AddressInfo).port;
  }

  close(): void {
    this.server.close();
    this.server.closeAllConnections();
  }
}
