import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface StatusServerOptions {
  /** What is not ready; undefined: everything is. */
  readonly fault: () => Promise<string | undefined>;
  /** One scrape of everything that there is to measure. */
  readonly metrics: (headers: IncomingHttpHeaders) => Promise<{ readonly contentType: string; readonly body: string }>;
}

/**
 * Answers orchestrators and scrapers: `/healthz/ready` is 200 when sidecar and program are ready, else 503 with the reason;
 * `/stats/prometheus` has the metrics of agent, sidecar and program. Source: Istio, 15021 and 15020.
 */
export class StatusServer {
  private readonly options: StatusServerOptions;
  private servers: readonly Server[] = [];

  constructor(options: StatusServerOptions) {
    this.options = options;
  }

  /** Answers at one more port, and gives the number that it has. Rejects when it cannot be had. */
  async listen(port: number, host: string): Promise<number> {
    const server = createServer((request, response) => {
      this.answer(request.url ?? '', request.headers).then(
        ({ status, type, body }) => response.writeHead(status, { 'content-type': type }).end(body),
        () => response.writeHead(503).end('unknown\n'),
      );
    });
    this.servers = [...this.servers, server];
    server.listen(port, host);
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  }

  close(): void {
    for (const server of this.servers) {
      server.close();
      server.closeAllConnections();
    }
  }

  private async answer(
    url: string,
    headers: IncomingHttpHeaders,
  ): Promise<{ readonly status: number; readonly type: string; readonly body: string }> {
    const text = { type: 'text/plain; charset=utf-8' };
    const path = url.split('?')[0];
    if (path === '/stats/prometheus') {
      const { contentType, body } = await this.options.metrics(headers);
      return { status: 200, type: contentType, body };
    }
    if (path !== '/healthz/ready')
      return { ...text, status: 404, body: '/healthz/ready and /stats/prometheus are here\n' };
    const fault = await this.options.fault();
    return { ...text, status: fault === undefined ? 200 : 503, body: `${fault ?? 'ready'}\n` };
  }
}
