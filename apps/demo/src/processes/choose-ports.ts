import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { portEntry, PORT_NAMES, preferredPorts, type PortName, type Ports } from '../ports.ts';
import { portHolder } from './port-holder.ts';

/** Below what systems give to outgoing connections (from 32,768 on Linux), which would take one before its process does. */
const FIRST_PORT = 20_000;
const LAST_PORT = 32_000;

export interface PortWishes {
  /** Any free port will do for those that are not in `chosen`. */
  readonly auto: boolean;
  readonly chosen: Partial<Ports>;
  /** Ports nobody is going to listen on, e.g. those of a Redis that runs elsewhere. */
  readonly unused: readonly PortName[];
}

/**
 * The ports of this run. Rejects with a text that names every taken port, who holds it, and what to do.
 * Between this check and the listening another process may take one; then the process that wanted it says so.
 */
export async function choosePorts({ auto, chosen, unused }: PortWishes): Promise<Ports> {
  const wanted = auto ? await freePorts(chosen) : preferredPorts(chosen);
  const needed = PORT_NAMES.filter((name) => !unused.includes(name));
  refuseTwins(wanted, needed);
  const taken: PortName[] = [];
  for (const name of needed) if (!(await isFree(wanted[name]))) taken.push(name);
  if (taken.length > 0) throw new Error(takenText(taken, wanted));
  return wanted;
}

function refuseTwins(ports: Ports, needed: readonly PortName[]): void {
  const seen = new Map<number, PortName>();
  for (const name of needed) {
    const twin = seen.get(ports[name]);
    if (twin !== undefined)
      throw new Error(
        `port ${ports[name]} is wanted twice: for ${portEntry(twin).what}, and for ${portEntry(name).what}`,
      );
    seen.set(ports[name], name);
  }
}

async function freePorts(chosen: Partial<Ports>): Promise<Ports> {
  const taken = new Set(Object.values(chosen));
  const free = async (): Promise<number> => {
    for (;;) {
      const port = randomInt(FIRST_PORT, LAST_PORT);
      if (taken.has(port)) continue;
      taken.add(port);
      if (await isFree(port)) return port;
    }
  };
  const ports: Partial<Record<PortName, number>> = { ...chosen };
  for (const name of PORT_NAMES) ports[name] ??= await free();
  return ports as Record<PortName, number>;
}

async function isFree(port: number): Promise<boolean> {
  try {
    await close(await listen(port));
    return true;
  } catch {
    return false;
  }
}

async function listen(port: number): Promise<Server> {
  const server = createServer().listen(port, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

async function close(server: Server): Promise<void> {
  server.close();
  await once(server, 'close');
}

function takenText(names: readonly PortName[], ports: Ports): string {
  const lines = names.flatMap((name) => {
    const { what, flag } = portEntry(name);
    const remedy = flag === undefined ? '' : `; ${flag} N chooses another one`;
    return [`  ${ports[name]}, for ${what}${remedy}`, ...(portHolder(ports[name]) ?? []).map((line) => `    ${line}`)];
  });
  const head = names.length === 1 ? 'a port is taken:' : `${names.length} ports are taken:`;
  const advice = 'Stop what holds it, or let the system choose every port: npm start -- --auto-ports';
  return [head, ...lines, advice].join('\n');
}
