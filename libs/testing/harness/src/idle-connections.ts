import { RawClient } from './raw-client.ts';

/** As many are opened side by side: a listener's backlog has its limit. */
const AT_ONCE = 200;
const REQUEST = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';

/** Connections that are known to the proxy's connection manager, and say nothing more. */
export interface IdleConnections {
  readonly open: number;
  /** How many of them are still there. */
  alive(): number;
  close(): void;
}

/** Opens connections one batch after another; each asks once, and keeps quiet from then on. Rejects where one is not answered. */
export async function openIdleConnections(port: number, count: number): Promise<IdleConnections> {
  const clients: RawClient[] = [];
  while (clients.length < count) {
    const batch = Array.from({ length: Math.min(AT_ONCE, count - clients.length) }, () => new RawClient(port));
    clients.push(...batch);
    await Promise.all(batch.map((client) => client.send(REQUEST).until(/^HTTP\/1.1 200 [^]*\r\n\r\n/)));
  }
  return {
    open: clients.length,
    alive: () => clients.filter(({ ended }) => !ended).length,
    close: () => clients.forEach((client) => client.close()),
  };
}
