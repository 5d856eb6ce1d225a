import { arrayOf, bulk, encodeCommand, errorOf, integer, type RespValue } from '@weft/net-redis';
import type { CommandKind } from './commands.ts';
import type { Splitting } from './fan-out.ts';
import { isError, type RedisClient, type ReplyOwner } from './redis-client.ts';
import { Gathering, NO_UPSTREAM_HOST, type CountedRequest } from './request.ts';

/** Commands without a key: to every host of the cluster, or to one of them, with the replies put together. */
export function toEveryHost(
  kind: CommandKind,
  args: readonly Buffer[],
  request: CountedRequest,
  { routes, pool }: Splitting,
): void {
  const name = nameOf(args);
  const cluster = routes.keyless;
  if (kind === 'scan') {
    scan(args, request, pool.allClients(cluster));
    return;
  }
  const one = kind === 'any' || kind === 'info' ? pool.anyClient(cluster) : undefined;
  const clients = kind === 'any' || kind === 'info' ? (one === undefined ? [] : [one]) : pool.allClients(cluster);
  if (clients.length === 0) {
    request.finish(NO_UPSTREAM_HOST, false);
    return;
  }
  const command = encodeCommand(args);
  const gathering = new Gathering(clients.length, (replies) => {
    const value = name === 'role' ? wrapped(replies) : together(replies);
    request.finish(value, !isError(value));
  });
  clients.forEach((client, i) => request.send(client, { name, bytes: command, owner: gathering.part(i) }));
}

function nameOf(args: readonly Buffer[]): string {
  return (args[0] as Buffer).toString('latin1').toLowerCase();
}

function wrapped(replies: readonly RespValue[]): RespValue {
  return replies.find(isError) ?? arrayOf(replies);
}

/** Lists one behind the other, numbers added up, and of all else the first; an error is everybody's. */
export function together(replies: readonly RespValue[]): RespValue {
  const error = replies.find(isError);
  const [first] = replies;
  if (error !== undefined || first === undefined) return error ?? NO_UPSTREAM_HOST;
  if (replies.length === 1) return first;
  if (replies.every(({ kind }) => kind === 'array'))
    return arrayOf(replies.flatMap((reply) => (reply.kind === 'array' ? reply.items : [])));
  if (replies.every(({ kind }) => kind === 'integer'))
    return integer(replies.reduce((sum, reply) => sum + (reply.kind === 'integer' ? BigInt(reply.text) : 0n), 0n));
  return first;
}

/**
 * SCAN goes through the hosts one after the other. Which one is at hand is told by the cursor: the host's own cursor times the
 * number of hosts, plus the host's place.
 */
function scan(args: readonly Buffer[], request: CountedRequest, clients: readonly RedisClient[]): void {
  const count = BigInt(clients.length);
  const text = args[1]?.toString('latin1') ?? '';
  if (count === 0n) {
    request.finish(NO_UPSTREAM_HOST, false);
    return;
  }
  if (!/^\d{1,20}$/.test(text)) {
    request.finish(errorOf('ERR invalid cursor'), false);
    return;
  }
  const cursor = BigInt(text);
  const place = cursor % count;
  const client = clients[Number(place)] as RedisClient;
  const command = encodeCommand([args[0] as Buffer, String(cursor / count), ...args.slice(2)]);
  const owner: ReplyOwner = {
    onFailure: () => request.onFailure(),
    onReply: (value) => request.onReply(withCursor(value, place, count)),
  };
  request.send(client, { name: 'scan', bytes: command, owner });
}

function withCursor(value: RespValue, place: bigint, count: bigint): RespValue {
  if (value.kind !== 'array' || value.items[0]?.kind !== 'bulk') return value;
  const own = BigInt(value.items[0].bytes.toString('latin1') || '0');
  const next = own > 0n ? own * count + place : place + 1n < count ? place + 1n : 0n;
  return arrayOf([bulk(String(next)), ...value.items.slice(1)]);
}
