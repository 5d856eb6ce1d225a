import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';

/**
 * Ports of the loopback that nothing listens on, all different. For programs that cannot be told to choose for
 * themselves (port 0): between this call and theirs another process may take one, so their start must be checked.
 */
export async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'));
  await Promise.all(servers.map((server) => once(server, 'listening')));
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => once(server.close(), 'close')));
  return ports;
}

export async function freePort(): Promise<number> {
  const [port] = await freePorts(1);
  return port ?? 0;
}
