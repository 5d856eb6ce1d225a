import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** An HTTP server of the loopback that answers every request with its name. */
export interface NamedUpstream {
  readonly port: number;
  stop(): void;
}

export async function startNamedUpstream(name: string): Promise<NamedUpstream> {
  const server = createServer({ keepAliveTimeout: 0 }, (request, response) => {
    request.resume();
    response.end(name);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    stop() {
      server.closeAllConnections();
      server.close();
    },
  };
}
