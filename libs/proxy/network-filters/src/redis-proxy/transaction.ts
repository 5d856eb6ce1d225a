import type { DownstreamConnection } from '@weft/core-http';
import { arrayOf, encodeCommand, errorOf, simple, type RespValue } from '@weft/net-redis';
import { keyPlace, type CommandKind } from './commands.ts';
import type { Splitting } from './fan-out.ts';
import type { RedisClient, ReplyOwner } from './redis-client.ts';
import { NO_UPSTREAM_HOST, type CountedRequest } from './request.ts';

const OK = simple('OK');

/** A command of a client, with its name in lower case. */
export interface Command {
  readonly name: string;
  readonly kind: CommandKind;
  readonly args: readonly Buffer[];
}

/**
 * The transaction of one client: MULTI … EXEC, with WATCH before it. The first key decides the host, and from then on there is a
 * connection of its own, since others' commands must not come in between.
 *
 *   none -> (watching ->) open -> closing (EXEC or DISCARD is on its way) -> none
 *
 * While it closes the client's next commands wait, so that they come after it.
 */
export class Transaction {
  private readonly splitting: Splitting;
  private readonly downstream: DownstreamConnection;
  private readonly onClosed: () => void;
  private state: 'none' | 'watching' | 'open' | 'closing' = 'none';
  private client: RedisClient | undefined;

  /** `onClosed`: commands that wait may go on. */
  constructor(splitting: Splitting, downstream: DownstreamConnection, onClosed: () => void) {
    this.splitting = splitting;
    this.downstream = downstream;
    this.onClosed = onClosed;
  }

  /** True where this command is the transaction's. */
  wants({ kind }: Command): boolean {
    return this.state === 'open' || kind === 'multi' || kind === 'exec' || kind === 'discard' || kind === 'watch' || kind === 'unwatch'; // prettier-ignore
  }
  get closing(): boolean {
    return this.state === 'closing';
  }

  run(command: Command, request: CountedRequest): void {
    switch (command.kind) {
      case 'multi':
        this.begin(command, request);
        return;
      case 'exec':
      case 'discard':
        this.close(command, request);
        return;
      case 'unwatch':
        this.unwatch(command, request);
        return;
      default:
        this.forward(command, request);
    }
  }

  /** The client left. */
  abandon(): void {
    this.client?.destroy();
    this.client = undefined;
    this.state = 'none';
  }

  private begin(command: Command, request: CountedRequest): void {
    if (this.state === 'open') {
      request.finish(errorOf('MULTI calls can not be nested'), false);
      return;
    }
    this.state = 'open';
    if (this.client === undefined) request.finish(OK, true);
    else this.send(command, request);
  }

  private close(command: Command, request: CountedRequest): void {
    const { kind } = command;
    if (this.state !== 'open') {
      request.finish(errorOf(`${kind.toUpperCase()} without MULTI`), false);
      return;
    }
    if (this.client === undefined) {
      this.state = 'none';
      request.finish(kind === 'exec' ? arrayOf([]) : OK, true);
      return;
    }
    this.state = 'closing';
    const ended = (): void => {
      this.client?.closeWhenIdle();
      this.client = undefined;
      this.state = 'none';
    };
    this.send(command, request, ended);
  }

  private unwatch(command: Command, request: CountedRequest): void {
    if (this.client === undefined) {
      request.finish(simple(this.state === 'open' ? 'QUEUED' : 'OK'), true);
      return;
    }
    this.send(command, request);
    if (this.state === 'open') return;
    this.client.closeWhenIdle();
    this.client = undefined;
    this.state = 'none';
  }

  private forward(command: Command, request: CountedRequest): void {
    const key = command.args[keyPlace(command.kind)];
    let routed = key && this.splitting.routes.find(key);
    if (this.client === undefined) {
      routed ??= { cluster: this.splitting.routes.keyless, key: key ?? Buffer.alloc(0) };
      this.client = this.splitting.pool.ownClient(routed.cluster, routed.key, this.downstream);
      if (this.client === undefined) {
        request.finish(NO_UPSTREAM_HOST, false);
        return;
      }
      if (this.state === 'open') this.client.send('multi', encodeCommand(['MULTI']), undefined);
      else this.state = 'watching';
    }
    this.send(command, request);
  }

  private send({ name, args, kind }: Command, request: CountedRequest, then?: () => void): void {
    const place = keyPlace(kind);
    const key = args[place];
    const routed = key && this.splitting.routes.find(key);
    const sent = routed === undefined ? args : args.with(place, routed.key);
    const owner: ReplyOwner = {
      onReply: (value: RespValue) => {
        then?.();
        request.onReply(value);
        if (then !== undefined) this.onClosed();
      },
      onFailure: () => {
        this.client = undefined;
        this.state = 'none';
        request.onFailure();
        if (then !== undefined) this.onClosed();
      },
    };
    if (this.client !== undefined) request.send(this.client, { name, bytes: encodeCommand(sent), owner });
  }
}
