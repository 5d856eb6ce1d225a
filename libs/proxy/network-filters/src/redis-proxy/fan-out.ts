import { arrayOf, encodeCommand, errorOf, integer, simple, type RespValue } from '@weft/net-redis';
import { isError, type RedisClient } from './redis-client.ts';
import type { RedisPool } from './redis-pool.ts';
import { Gathering, NO_UPSTREAM_HOST, type CountedRequest } from './request.ts';
import type { RedisRoutes } from './routing.ts';

/** What splitting needs: where keys go, and the connections there. */
export interface Splitting {
  readonly routes: RedisRoutes;
  readonly pool: RedisPool;
}

/** Keys (with their values, for MSET) that go to one host, and which ones they are of the command. */
interface Shard {
  readonly client: RedisClient;
  readonly args: Buffer[];
  readonly places: number[];
}

interface Split {
  readonly shards: readonly Shard[];
  /** Keys without a host. */
  readonly lost: readonly number[];
}

/** `width`: how many arguments belong to a key, itself included. */
function split(args: readonly Buffer[], width: number, { routes, pool }: Splitting): Split {
  const shards = new Map<RedisClient, Shard>();
  const lost: number[] = [];
  for (let at = 1, place = 0; at < args.length; at += width, place += 1) {
    const routed = routes.find(args[at] as Buffer);
    const client = routed && pool.clientFor(routed.cluster, routed.key);
    if (routed === undefined || client === undefined) {
      lost.push(place);
      continue;
    }
    let shard = shards.get(client);
    if (shard === undefined) {
      shard = { client, args: [args[0] as Buffer], places: [] };
      shards.set(client, shard);
    }
    shard.args.push(routed.key, ...args.slice(at + 1, at + width));
    shard.places.push(place);
  }
  return { shards: [...shards.values()], lost };
}

function send(name: string, shards: readonly Shard[], request: CountedRequest, gathering: Gathering): void {
  shards.forEach(({ client, args }, i) =>
    request.send(client, { name, bytes: encodeCommand(args), owner: gathering.part(i) }),
  );
}

/** MGET: every key's value at its place; an error takes the places of the keys that it is about. */
export function fanOutMget(args: readonly Buffer[], request: CountedRequest, splitting: Splitting): void {
  const { shards, lost } = split(args, 1, splitting);
  const values: RespValue[] = Array.from({ length: args.length - 1 }, () => NO_UPSTREAM_HOST);
  const gathering = new Gathering(shards.length, (replies) => {
    let errors = lost.length;
    replies.forEach((reply, i) => {
      const { places } = shards[i] as Shard;
      if (reply.kind !== 'array') errors += places.length;
      places.forEach((place, j) => {
        values[place] = reply.kind === 'array' ? (reply.items[j] ?? NO_UPSTREAM_HOST) : reply;
      });
    });
    request.finish(arrayOf(values), errors === 0);
  });
  if (shards.length === 0) request.finish(arrayOf(values), false);
  send('mget', shards, request, gathering);
}

/** MSET: OK where every host said so. */
export function fanOutMset(args: readonly Buffer[], request: CountedRequest, splitting: Splitting): void {
  const { shards, lost } = split(args, 2, splitting);
  const finish = (replies: readonly RespValue[]): void => {
    const wrong = shards.filter((_, i) => replies[i] === undefined || isError(replies[i]));
    const errors = wrong.reduce((sum, { places }) => sum + places.length, lost.length);
    request.finish(errors === 0 ? simple('OK') : errorOf(`finished with ${errors} error(s)`), errors === 0);
  };
  if (shards.length === 0) finish([]);
  send('mset', shards, request, new Gathering(shards.length, finish));
}

/** DEL, EXISTS, TOUCH, UNLINK: the sum of what the hosts say. */
export function fanOutSum(name: string, args: readonly Buffer[], request: CountedRequest, splitting: Splitting): void {
  const { shards, lost } = split(args, 1, splitting);
  const finish = (replies: readonly RespValue[]): void => {
    let errors = lost.length;
    let sum = 0n;
    replies.forEach((reply, i) => {
      if (reply.kind === 'integer') sum += BigInt(reply.text);
      else errors += (shards[i] as Shard).places.length;
    });
    request.finish(errors === 0 ? integer(sum) : errorOf(`finished with ${errors} error(s)`), errors === 0);
  };
  if (shards.length === 0) finish([]);
  send(name, shards, request, new Gathering(shards.length, finish));
}
