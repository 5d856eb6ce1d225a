import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

const LISTENING = '0A';

/**
 * Who listens on a TCP port, one line for each process; undefined where the system does not tell (no /proc, or the
 * process belongs to somebody else).
 */
export function portHolder(port: number): readonly string[] | undefined {
  const inodes = new Set(['/proc/net/tcp', '/proc/net/tcp6'].flatMap((file) => listeningInodes(lines(file), port)));
  if (inodes.size === 0) return undefined;
  const holders = pids().filter((pid) => socketsOf(pid).some((inode) => inodes.has(inode)));
  return holders.length === 0 ? undefined : holders.map((pid) => `held by process ${pid}: ${commandOf(pid)}`);
}

/** The process that listens on each of the ports; those without one, or where the system does not tell, are left out. */
export function listenersOn(ports: readonly number[]): [port: number, pid: number][] {
  const table = ['/proc/net/tcp', '/proc/net/tcp6'].flatMap(lines);
  const portOf = new Map(ports.flatMap((port) => listeningInodes(table, port).map((inode) => [inode, port] as const)));
  if (portOf.size === 0) return [];
  return pids().flatMap((pid) =>
    socketsOf(pid).flatMap((inode): [number, number][] => {
      const port = portOf.get(inode);
      return port === undefined ? [] : [[port, Number(pid)]];
    }),
  );
}

/** The socket inodes of the listeners on a port, from the lines of /proc/net/tcp. */
export function listeningInodes(table: readonly string[], port: number): string[] {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  return table
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields[1]?.endsWith(suffix) === true && fields[3] === LISTENING)
    .flatMap((fields) => fields[9] ?? []);
}

function lines(file: string): string[] {
  try {
    return readFileSync(file, 'utf8').split('\n').slice(1);
  } catch {
    return [];
  }
}

function pids(): string[] {
  try {
    return readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  } catch {
    return [];
  }
}

function socketsOf(pid: string): string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
      const [, inode] = /^socket:\[(\d+)\]$/.exec(linkOf(`/proc/${pid}/fd/${fd}`)) ?? [];
      return inode ?? [];
    });
  } catch {
    return [];
  }
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}

const COMMAND_LIMIT = 160;

function commandOf(pid: string): string {
  try {
    const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').filter(Boolean).join(' ');
    return words.length > COMMAND_LIMIT ? `${words.slice(0, COMMAND_LIMIT)}…` : words;
  } catch {
    return '(its command is not readable)';
  }
}
