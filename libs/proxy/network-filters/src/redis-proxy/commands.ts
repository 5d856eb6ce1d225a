/**
 * How a command finds its host:
 *
 *   key, key2, key3  by the argument at that place
 *   eval             by the third one, after script and number of keys
 *   mget, mset, sum  each key by itself; the replies are put together again
 *   all, keys, scan  every host of a cluster
 *   any              one of them
 */
export type CommandKind =
  | 'key'
  | 'key2'
  | 'eval'
  | 'mget'
  | 'mset'
  | 'sum'
  | 'all'
  | 'info'
  | 'list'
  | 'keys'
  | 'scan'
  | 'any'
  | 'multi'
  | 'exec'
  | 'discard'
  | 'watch'
  | 'unwatch'
  | 'hello';

const BY_KIND: Readonly<Record<CommandKind, string>> = {
  key:
    'append bf.add bf.card bf.exists bf.info bf.insert bf.loadchunk bf.madd bf.mexists bf.reserve bf.scandump bitcount ' +
    'bitfield bitfield_ro bitpos cluster copy decr decrby dump expire expireat geoadd geodist geohash geopos georadius ' +
    'georadius_ro georadiusbymember georadiusbymember_ro geosearch geosearchstore get getbit getdel getex getrange getset ' +
    'hdel hexists hexpire hexpireat hexpiretime hget hgetall hincrby hincrbyfloat hkeys hlen hmget hmset hpersist hpexpire ' +
    'hpexpireat hpexpiretime hpttl hrandfield hscan hset hsetnx hstrlen httl hvals incr incrby incrbyfloat lindex linsert ' +
    'llen lmove lpop lpos lpush lpushx lrange lrem lset ltrim msetnx persist pexpire pexpireat pfadd pfcount pfmerge psetex ' +
    'pttl publish rename renamenx restore rpop rpoplpush rpush rpushx sadd scard sdiff sdiffstore set setbit setex setnx ' +
    'setrange sinter sinterstore sismember smembers smismember smove sort sort_ro spop srandmember srem sscan strlen substr ' +
    'sunion sunionstore ttl type xack xadd xautoclaim xclaim xdel xlen xpending xrange xrevrange xtrim zadd zcard zcount ' +
    'zdiffstore zincrby zinterstore zlexcount zmscore zpopmax zpopmin zrandmember zrange zrangebylex zrangebyscore ' +
    'zrangestore zrank zrem zremrangebylex zremrangebyrank zremrangebyscore zrevrange zrevrangebylex zrevrangebyscore ' +
    'zrevrank zscan zscore zunionstore',
  key2: 'bitop object zdiff zinter zunion',
  eval: 'eval evalsha',
  mget: 'mget',
  mset: 'mset',
  sum: 'del exists touch unlink',
  all: 'flushall flushdb script select',
  info: 'info',
  list: 'config role slowlog',
  keys: 'keys',
  scan: 'scan',
  any: 'randomkey',
  multi: 'multi',
  exec: 'exec',
  discard: 'discard',
  watch: 'watch',
  unwatch: 'unwatch',
  hello: 'hello',
};

const KINDS: ReadonlyMap<string, CommandKind> = new Map(
  Object.entries(BY_KIND).flatMap(([kind, names]) =>
    names.split(' ').map((name) => [name, kind as CommandKind] as const),
  ),
);

/** Answered here, under no stats of their own. */
const LOCAL: ReadonlySet<string> = new Set(['ping', 'echo', 'time', 'quit', 'auth', 'client']);

/** Every command with its kind, `custom` ones included. Names are in lower case. */
export function commandTable(custom: readonly string[]): ReadonlyMap<string, CommandKind> {
  return custom.length === 0 ? KINDS : new Map([...KINDS, ...custom.map((name) => [name, 'key'] as const)]);
}

export function isKnownCommand(name: string): boolean {
  return KINDS.has(name) || LOCAL.has(name);
}

/** Commands that may come without an argument. */
export const WITHOUT_ARGUMENT: ReadonlySet<CommandKind> = new Set<CommandKind>([
  'all', 'info', 'list', 'any', 'multi', 'exec', 'discard', 'unwatch', 'hello',
]); // prettier-ignore

/** Where a command has its key, or its first one. */
export function keyPlace(kind: CommandKind): number {
  switch (kind) {
    case 'key2':
      return 2;
    case 'eval':
      return 3;
    default:
      return 1;
  }
}
