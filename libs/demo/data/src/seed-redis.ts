import { connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { DATA_SETS, type DataSetName } from './data-sets.ts';
import { encodeCommand, splitReplies } from './resp.ts';

export interface SeedOptions {
  /** `redis://[[user]:password@]host[:port][/database]`; port 6379 and database 0 when left out. */
  readonly url: string;
  /** Which of the two data sets, or both into one Redis. */
  readonly dataSets: readonly DataSetName[];
  /** How long to go on trying while Redis does not answer yet, in milliseconds. Default 0: one try. */
  readonly patienceMs?: number;
}

const RETRY_EVERY_MS = 200;

/**
 * Writes the data sets into Redis, by commands. Writing them again is harmless.
 * Returns the number of keys written. Rejects when Redis cannot be reached or refuses a command.
 */
export async function seedRedis({ url, dataSets, patienceMs = 0 }: SeedOptions): Promise<number> {
  const target = new URL(url);
  const sets = dataSets.flatMap((name) => [...DATA_SETS[name]].map(([key, value]) => ['SET', key, value]));
  const commands = [...openingCommands(target), ...sets];
  const deadline = performance.now() + patienceMs;
  for (;;) {
    try {
      await sendAll(target, commands);
      return sets.length;
    } catch (error) {
      if (error instanceof RefusedCommand || performance.now() >= deadline) throw error;
      await delay(RETRY_EVERY_MS);
    }
  }
}

class RefusedCommand extends Error {}

function openingCommands(target: URL): string[][] {
  const commands: string[][] = [];
  if (target.password !== '') {
    const words = [decodeURIComponent(target.username), decodeURIComponent(target.password)];
    commands.push(['AUTH', ...words.filter((word) => word !== '')]);
  }
  const database = target.pathname.slice(1);
  if (database !== '' && database !== '0') commands.push(['SELECT', database]);
  return commands;
}

function sendAll(target: URL, commands: readonly string[][]): Promise<void> {
  const { promise, resolve, reject }: PromiseWithResolvers<void> = Promise.withResolvers();
  const host = target.hostname.replace(/^\[|\]$/g, '');
  const socket: Socket = connect(Number(target.port || '6379'), host);
  let text = '';
  let answered = 0;
  socket.setEncoding('utf8');
  socket.once('connect', () => socket.write(Buffer.concat(commands.map(encodeCommand))));
  socket.once('error', reject);
  socket.once('close', () => reject(new Error(`${target.host} closed the connection`)));
  socket.on('data', (chunk: string) => {
    const replies = splitReplies(text + chunk);
    text = replies.rest;
    for (const line of replies.lines) {
      if (line.startsWith('-')) {
        // A Redis that is still loading its data will take the command later, so that refusal is worth another try.
        const message = `${target.host} refused ${commands[answered]?.[0] ?? 'a command'}: ${line.slice(1)}`;
        reject(line.startsWith('-LOADING') ? new Error(message) : new RefusedCommand(message));
      }
      answered += 1;
    }
    if (answered === commands.length) resolve();
  });
  return promise.finally(() => socket.destroy());
}
