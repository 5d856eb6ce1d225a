import { globTest } from './glob.ts';
import { array, bulk, error, integer, NULL, OK, type Protocol, type Reply } from './reply.ts';
import type { Command } from './request-parser.ts';

/** Sixteen databases, as Redis has without being told otherwise; keys are latin1 strings, so that any bytes are a key. */
export class Databases {
  readonly all: readonly Map<string, Buffer>[] = Array.from({ length: 16 }, () => new Map<string, Buffer>());
}

/** What a connection has chosen for itself. */
export interface Session {
  readonly id: number;
  protocol: Protocol;
  database: number;
  name: string;
  /** Set by QUIT: the reply is the last one. */
  ends: boolean;
}

export interface CommandContext {
  readonly session: Session;
  readonly databases: Databases;
  readonly port: number;
  readonly connections: () => number;
  readonly uptimeSeconds: () => number;
}

interface Handler {
  /** Number of arguments behind the name. */
  readonly least: number;
  readonly most: number;
  run(args: Command, context: CommandContext): Reply;
}

/** Which Redis it resembles; clients look at it. */
const VERSION = '7.0.0';

const text = (bytes: Buffer | undefined): string => bytes?.toString('latin1') ?? '';
const upper = (bytes: Buffer | undefined): string => text(bytes).toUpperCase();
const keysOf = ({ session, databases }: CommandContext): Map<string, Buffer> =>
  databases.all[session.database] as Map<string, Buffer>;
const valueOf = (key: Buffer, context: CommandContext): Reply => {
  const value = keysOf(context).get(text(key));
  return value === undefined ? NULL : bulk(value);
};

const HANDLERS: Readonly<Record<string, Handler>> = {
  PING: {
    least: 0,
    most: 1,
    run: ([message]) => (message === undefined ? { kind: 'status', text: 'PONG' } : bulk(message)),
  },
  ECHO: { least: 1, most: 1, run: ([message]) => bulk(message as Buffer) },
  HELLO: { least: 0, most: Infinity, run: hello },
  AUTH: {
    least: 1,
    most: 2,
    run: () => error('ERR AUTH called without any password configured: the embedded Redis has none'),
  },
  CLIENT: { least: 1, most: Infinity, run: client },
  INFO: { least: 0, most: Infinity, run: info },
  COMMAND: { least: 0, most: Infinity, run: command },
  SELECT: { least: 1, most: 1, run: select },
  QUIT: {
    least: 0,
    most: 0,
    run: (_, { session }) => {
      session.ends = true;
      return OK;
    },
  },
  GET: { least: 1, most: 1, run: ([key], context) => valueOf(key as Buffer, context) },
  MGET: { least: 1, most: Infinity, run: (keys, context) => array(keys.map((key) => valueOf(key, context))) },
  SET: { least: 2, most: Infinity, run: set },
  MSET: { least: 2, most: Infinity, run: mset },
  DEL: { least: 1, most: Infinity, run: (keys, context) => count(keys, (key) => keysOf(context).delete(text(key))) },
  EXISTS: { least: 1, most: Infinity, run: (keys, context) => count(keys, (key) => keysOf(context).has(text(key))) },
  KEYS: { least: 1, most: 1, run: keys },
  DBSIZE: { least: 0, most: 0, run: (_, context) => integer(keysOf(context).size) },
  FLUSHDB: { least: 0, most: 1, run: (_, context) => flush([keysOf(context)]) },
  FLUSHALL: { least: 0, most: 1, run: (_, { databases }) => flush(databases.all) },
};

/** Runs one command. A name that is not known here is an error that says so; nothing is ignored. */
export function runCommand([name, ...args]: Command, context: CommandContext): Reply {
  const verb = upper(name);
  const handler = Object.hasOwn(HANDLERS, verb) ? HANDLERS[verb] : undefined;
  if (handler === undefined)
    return error(
      `ERR unknown command '${text(name).slice(0, 128)}': the embedded Redis has ${Object.keys(HANDLERS).join(', ')}`,
    );
  if (args.length < handler.least || args.length > handler.most)
    return error(`ERR wrong number of arguments for '${verb.toLowerCase()}' command`);
  return handler.run(args, context);
}

function hello(args: Command, { session }: CommandContext): Reply {
  const [version, ...options] = args;
  if (version !== undefined && !['2', '3'].includes(text(version)))
    return error('NOPROTO unsupported protocol version');
  for (let at = 0; at < options.length; at += 1) {
    const option = upper(options[at]);
    if (option === 'AUTH' && at + 2 < options.length)
      return error('WRONGPASS the embedded Redis has no users and no passwords');
    if (option !== 'SETNAME' || at + 1 >= options.length)
      return error(`ERR Syntax error in HELLO option '${text(options[at])}'`);
    at += 1;
    session.name = text(options[at]);
  }
  if (version !== undefined) session.protocol = text(version) === '3' ? 3 : 2;
  return {
    kind: 'map',
    pairs: [
      [bulk('server'), bulk('redis')],
      [bulk('version'), bulk(VERSION)],
      [bulk('proto'), integer(session.protocol)],
      [bulk('id'), integer(session.id)],
      [bulk('mode'), bulk('standalone')],
      [bulk('role'), bulk('master')],
      [bulk('modules'), array([])],
    ],
  };
}

function client(args: Command, { session }: CommandContext): Reply {
  switch (upper(args[0])) {
    case 'ID':
      return integer(session.id);
    case 'GETNAME':
      return session.name === '' ? NULL : bulk(session.name);
    case 'SETNAME':
      session.name = text(args[1]);
      return OK;
    // What a library calls itself; nobody asks for it here.
    case 'SETINFO':
    case 'NO-EVICT':
    case 'NO-TOUCH':
      return OK;
    case 'INFO':
      return {
        kind: 'verbatim',
        text: `id=${session.id} name=${session.name} db=${session.database} resp=${session.protocol}`,
      };
    default:
      return error(`ERR the embedded Redis has no CLIENT ${upper(args[0])}`);
  }
}

function info(_: Command, { databases, port, connections, uptimeSeconds }: CommandContext): Reply {
  const used = databases.all.map((keys, at) => [at, keys.size] as const).filter(([, size]) => size > 0);
  const lines = [
    '# Server',
    `redis_version:${VERSION}`,
    'redis_mode:standalone',
    'embedded:1',
    `process_id:${process.pid}`,
    `tcp_port:${port}`,
    `uptime_in_seconds:${uptimeSeconds()}`,
    '',
    '# Clients',
    `connected_clients:${connections()}`,
    '',
    '# Persistence',
    'loading:0',
    '',
    '# Replication',
    'role:master',
    'connected_slaves:0',
    '',
    '# Keyspace',
    ...used.map(([at, size]) => `db${at}:keys=${size},expires=0,avg_ttl=0`),
  ];
  return { kind: 'verbatim', text: `${lines.join('\r\n')}\r\n` };
}

/** COMMAND is what redis-cli asks for its completions; a list of nothing is an answer. */
function command(args: Command): Reply {
  const which = upper(args[0]);
  if (which === 'COUNT') return integer(Object.keys(HANDLERS).length);
  if (which === '' || which === 'INFO') return array([]);
  if (which === 'DOCS') return { kind: 'map', pairs: [] };
  if (which === 'LIST') return array(Object.keys(HANDLERS).map((name) => bulk(name.toLowerCase())));
  return error(`ERR the embedded Redis has no COMMAND ${which}`);
}

function select([index]: Command, { session, databases }: CommandContext): Reply {
  const wanted = /^\d+$/.test(text(index)) ? Number(text(index)) : NaN;
  if (Number.isNaN(wanted)) return error('ERR value is not an integer or out of range');
  if (wanted >= databases.all.length) return error('ERR DB index is out of range');
  session.database = wanted;
  return OK;
}

function set([key, value, ...options]: Command, context: CommandContext): Reply {
  const all = keysOf(context);
  const name = text(key);
  const before = all.get(name);
  const given = new Set(options.map(upper));
  const unknown = [...given].find((option) => !['NX', 'XX', 'GET', 'KEEPTTL'].includes(option));
  if (unknown !== undefined) return error(`ERR syntax error: the embedded Redis has no SET with ${unknown}`);
  if (given.has('NX') && given.has('XX')) return error('ERR syntax error');
  const old = before === undefined ? NULL : bulk(before);
  const skipped = (given.has('NX') && before !== undefined) || (given.has('XX') && before === undefined);
  // A copy, because the argument is a window into what the connection has received.
  if (!skipped) all.set(name, Buffer.from(value as Buffer));
  if (given.has('GET')) return old;
  return skipped ? NULL : OK;
}

function mset(args: Command, context: CommandContext): Reply {
  if (args.length % 2 !== 0) return error("ERR wrong number of arguments for 'mset' command");
  for (let at = 0; at < args.length; at += 2) keysOf(context).set(text(args[at]), Buffer.from(args[at + 1] as Buffer));
  return OK;
}

function keys([pattern]: Command, context: CommandContext): Reply {
  const matches = globTest(text(pattern));
  return array([...keysOf(context).keys()].filter(matches).map((key) => bulk(Buffer.from(key, 'latin1'))));
}

function count(all: Command, test: (key: Buffer) => boolean): Reply {
  return integer(all.filter(test).length);
}

function flush(databases: readonly Map<string, Buffer>[]): Reply {
  for (const database of databases) database.clear();
  return OK;
}
