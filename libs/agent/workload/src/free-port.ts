import { once } from 'node:events';
import { createServer, type AddressInfo, type Server } from 'node:net';

/** As many different ports as `hosts` has entries, each free at its address. Another process may take one before its use. */
export async function freePorts(hosts: readonly string[]): Promise<readonly number[]> {
  const servers: Server[] = [];
  try {
    for (const host of hosts) {
      const server = createServer().listen(0, host);
      servers.push(server);
      await once(server, 'listening');
    }
    return servers.map((server) => (server.address() as AddressInfo).port);
  } finally {
    await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  }
}
