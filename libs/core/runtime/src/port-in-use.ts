import { once } from 'node:events';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { createServer } from 'node:net';

const LISTENING = '0A';
const COMMAND_LIMIT = 80;

/**
 * Why a TCP port cannot be listened on, as `port 9000 is held by process 4711: python3 -m http.server`; undefined: it can. Another
 * process may take it before it is used.
 */
export async function portInUse(port: number, host: string): Promise<string | undefined> {
  const server = createServer().listen(port, host);
  try {
    await once(server, 'listening');
  } catch (error) {
    return faultText(error as NodeJS.ErrnoException, port, host);
  }
  server.close();
  await once(server, 'close');
  return undefined;
}

function faultText({ code, message }: NodeJS.ErrnoException, port: number, host: string): string {
  if (code === 'EADDRINUSE') return `port ${port} is held by ${portHolder(port)}`;
  if (code === 'EACCES') return `port ${port} is for root alone`;
  if (code === 'EADDRNOTAVAIL') return `${host} is no address of this machine`;
  return `port ${port} of ${host} cannot be listened on: ${message}`;
}

/** The process that listens on a port; where the system does not tell (no /proc, or it is somebody else's), `another process`. */
function portHolder(port: number): string {
  const table = ['/proc/net/tcp', '/proc/net/tcp6'].flatMap((file) => read(file).split('\n').slice(1));
  const inodes = new Set(listeningInodes(table, port));
  const holder = pids().find((pid) => socketsOf(pid).some((inode) => inodes.has(inode)));
  return holder === undefined ? 'another process' : `process ${holder}: ${commandOf(holder)}`;
}

/** The socket inodes of the listeners on a port, from the lines of /proc/net/tcp. */
export function listeningInodes(table: readonly string[], port: number): string[] {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  return table
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields[1]?.endsWith(suffix) === true && fields[3] === LISTENING)
    .flatMap((fields) => fields[9] ?? []);
}

function pids(): readonly string[] {
  return entries('/proc').filter((name) => /^\d+$/.test(name));
}

function socketsOf(pid: string): readonly string[] {
  return entries(`/proc/${pid}/fd`).flatMap((fd) => {
    try {
      return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1] ?? [];
    } catch {
      return [];
    }
  });
}

/** Programs by their names, not by where they lie. */
function commandOf(pid: string): string {
  const [program = '', ...words] = read(`/proc/${pid}/cmdline`).split('\0').filter(Boolean);
  const text = [program.slice(program.lastIndexOf('/') + 1), ...words].join(' ');
  return text.length > COMMAND_LIMIT ? `${text.slice(0, COMMAND_LIMIT)}…` : text;
}

function entries(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
