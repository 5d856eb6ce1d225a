import { encodeCommand, errorOf, type RespValue } from '@weft/net-redis';
import { commandTable, keyPlace, WITHOUT_ARGUMENT, type CommandKind } from './commands.ts';
import type { RedisProxyConfig } from './config.decode.ts';
import { toEveryHost } from './every-host.ts';
import { fanOutMget, fanOutMset, fanOutSum, type Splitting } from './fan-out.ts';
import type { RedisClient } from './redis-client.ts';
import { CountedRequest, NO_UPSTREAM_HOST, type PendingRequest } from './request.ts';
import type { RedisProxyStats } from './stats.ts';
import type { Clock } from '@weft/core-runtime';
import type { CommandSpan, CommandTracer } from '@weft/proxy-filter-api';
import type { Command, Transaction } from './transaction.ts';

export const INVALID_REQUEST = errorOf('invalid request');

/** What commands of one redis_proxy are split with. */
export interface SplitterWorld extends Splitting {
  readonly config: RedisProxyConfig;
  readonly stats: RedisProxyStats;
  readonly clock: Clock;
  /** Undefined: nothing is traced. */
  readonly tracer: CommandTracer | undefined;
}

/** Finds out where commands go, sends them there, and puts the replies together. */
export class Splitter {
  private readonly world: SplitterWorld;
  private readonly kinds: ReadonlyMap<string, CommandKind>;

  constructor(world: SplitterWorld) {
    this.world = world;
    this.kinds = commandTable(world.config.customCommands);
  }

  /** The span of a command that arrived. What is no command has none: its first word may be anything. */
  trace(name: string): CommandSpan | undefined {
    const { tracer } = this.world;
    return tracer === undefined || !this.kinds.has(name) ? undefined : tracer.start('redis', name);
  }

  /** A command that is neither local nor HELLO. The client it was sent through comes back where there is one only. */
  start(args: readonly Buffer[], pending: PendingRequest, transaction: Transaction): RedisClient | undefined {
    const { stats } = this.world;
    const name = (args[0] as Buffer).toString('latin1').toLowerCase();
    const kind = this.kinds.get(name);
    if (kind === undefined) {
      stats.unsupportedCommand.inc();
      pending.complete(unknown(args));
      return undefined;
    }
    if (args.length < 2 && !WITHOUT_ARGUMENT.has(kind)) {
      stats.invalidRequest.inc();
      pending.complete(INVALID_REQUEST);
      return undefined;
    }
    const command: Command = { name, kind, args };
    const request = this.counted(name, pending);
    if (!hasItsArguments(command)) {
      const text = `wrong number of arguments for '${(args[0] as Buffer).toString('latin1')}' command`;
      request.finish(errorOf(text), false);
      return undefined;
    }
    if (transaction.wants(command)) {
      transaction.run(command, request);
      return undefined;
    }
    return this.route(command, request);
  }

  counted(name: string, pending: PendingRequest): CountedRequest {
    const { stats, clock, config } = this.world;
    return new CountedRequest(pending, stats.of(name), clock, config.latencyInMicros);
  }

  private route(command: Command, request: CountedRequest): RedisClient | undefined {
    const { kind, name, args } = command;
    switch (kind) {
      case 'mget':
        fanOutMget(args, request, this.world);
        return undefined;
      case 'mset':
        fanOutMset(args, request, this.world);
        return undefined;
      case 'sum':
        fanOutSum(name, args, request, this.world);
        return undefined;
      case 'key':
      case 'key2':
      case 'eval':
        return this.toOneHost(command, request);
      default:
        toEveryHost(kind, args, request, this.world);
        return undefined;
    }
  }

  private toOneHost({ kind, name, args }: Command, request: CountedRequest): RedisClient | undefined {
    const place = keyPlace(kind);
    const key = args[place] as Buffer;
    const routed = this.world.routes.find(key);
    const client = routed && this.world.pool.clientFor(routed.cluster, routed.key);
    if (routed === undefined || client === undefined) {
      if (routed !== undefined) request.pending.span?.sentTo(routed.cluster, undefined);
      request.finish(NO_UPSTREAM_HOST, false);
      return undefined;
    }
    const sent = routed.key === key ? args : args.with(place, routed.key);
    request.send(client, { name, bytes: encodeCommand(sent), owner: request });
    return client;
  }
}

function hasItsArguments({ kind, args }: Command): boolean {
  switch (kind) {
    case 'mset':
      return args.length % 2 === 1;
    case 'eval':
      return args.length >= 4;
    case 'key2':
      return args.length >= 3;
    default:
      return true;
  }
}

function unknown(args: readonly Buffer[]): RespValue {
  const [name, first] = args.map((arg) =>
    arg
      .toString('latin1')
      .replaceAll(/[\r\n]/g, ' ')
      .slice(0, 128),
  );
  return errorOf(`ERR unknown command '${name ?? ''}', with args beginning with: ${first ?? ''}`);
}
