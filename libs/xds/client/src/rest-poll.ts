import { toJson, create } from '@bufbuild/protobuf';
import { formatFault, loadConfig, registry, type Fault } from '@weft/api-envoy';
import type { DiscoveryResponse } from '@weft/api-envoy/gen/envoy/service/discovery/v3/discovery_pb';
import { after, type Runtime, type Timer } from '@weft/core-runtime';
import type { ApiConfigSource } from '@weft/model-config-source';
import { absenceRemoves } from './resource-name.ts';
import type { ResourceSource, TypeSource } from './resource-source.ts';
import { ResourceTable } from './resource-table.ts';
import { restPath } from './services.ts';
import { discoveryRequest, wireResponse } from './sotw.ts';
import { incomingOf } from './type-channel.ts';

/** How REST-JSON discovery reaches a cluster. */
export interface HttpFetch {
  /** Rejects where no answer came in time. */
  post(
    cluster: string,
    path: string,
    body: string,
    timeoutMs: number,
  ): Promise<{ readonly status: number; readonly body: string }>;
}

export interface RestPollOptions {
  readonly source: ApiConfigSource;
  readonly typeName: string;
  /** The fields of the Node. */
  readonly node: object;
  readonly http: HttpFetch;
  readonly runtime: Runtime;
}

const NOT_MODIFIED = 304;

/** Resources of one type, asked for again and again: `POST /v3/discovery:clusters`. State of the world, without a NACK. */
export class RestPoll implements ResourceSource, TypeSource {
  readonly table: ResourceTable;
  identifier = '';
  connected = false;
  private readonly options: RestPollOptions;
  private readonly path: string;
  private version = '';
  private timer: Timer | undefined;
  private state: 'Idle' | 'Scheduled' | 'Asking' | 'Waiting' | 'Closed' = 'Idle';
  private paused = 0;
  private again = false;

  /** Throws for a type that has no such endpoint. */
  constructor(options: RestPollOptions) {
    const { typeName, runtime } = options;
    const path = restPath(typeName);
    if (path === undefined) throw new Error(`${typeName} cannot be polled`);
    this.options = options;
    this.path = path;
    this.table = new ResourceTable({ typeName, runtime, absenceRemoves: absenceRemoves(typeName) });
  }

  type(): TypeSource {
    return this;
  }
  get types(): Iterable<TypeSource> {
    return [this];
  }
  get idle(): boolean {
    return this.table.empty;
  }

  start(): void {
    if (this.state === 'Idle') this.askSoon();
  }

  namesChanged(): void {
    if (this.state === 'Asking') this.again = true;
    else if (this.state === 'Waiting') this.askSoon();
  }

  askAgain(): void {
    this.namesChanged();
  }

  pause(_typeName: string, by: number): void {
    this.paused += by;
    if (this.paused === 0 && this.state === 'Scheduled') this.askSoon();
  }

  close(): void {
    this.state = 'Closed';
    this.timer?.cancel();
    this.table.close();
  }

  private askSoon(): void {
    this.timer?.cancel();
    this.state = 'Scheduled';
    queueMicrotask(() => {
      if (this.state === 'Scheduled' && this.paused === 0) void this.ask();
    });
  }

  private async ask(): Promise<void> {
    this.state = 'Asking';
    this.again = false;
    const { http, source } = this.options;
    const [cluster = ''] = source.clusterNames;
    try {
      const { status, body } = await http.post(cluster, this.path, this.body(), source.requestTimeoutMs);
      if (status === 200) await this.take(body);
      else if (status === NOT_MODIFIED) this.connected = true;
      else this.failed(`answered ${status}`);
    } catch (error) {
      this.failed(`did not answer: ${(error as Error).message}`);
    }
    this.askLater();
  }

  private askLater(): void {
    if (this.closed) return;
    if (this.again) {
      this.askSoon();
      return;
    }
    const { source, runtime } = this.options;
    const delayMs = Math.max(1, source.refreshDelayMs);
    // Many proxies that were started together spread over the time.
    this.timer = after(runtime.timers, delayMs + runtime.random.below(Math.ceil(delayMs)), () => this.askSoon());
    this.state = 'Waiting';
  }

  private get closed(): boolean {
    return this.state === 'Closed';
  }

  private body(): string {
    const desc = registry().getMessage('envoy.service.discovery.v3.DiscoveryRequest')!;
    const fields = discoveryRequest({
      typeUrl: `type.googleapis.com/${this.table.typeName}`,
      node: this.options.node,
      names: new Set(this.table.wildcard ? ['*', ...this.table.names] : this.table.names),
      before: undefined,
      version: this.version,
      versions: () => ({}),
      nonce: '',
      error: undefined,
    });
    const message = create(desc, fields as Record<string, unknown>);
    return JSON.stringify(toJson(desc, message, { registry: registry(), useProtoFieldName: true }));
  }

  private async take(text: string): Promise<void> {
    const { message, faults } = loadConfig({
      text,
      file: this.path,
      typeName: 'envoy.service.discovery.v3.DiscoveryResponse',
      format: 'json',
    });
    this.connected = true;
    if (message === undefined) {
      for (const watch of this.table.all) watch.rejected();
      this.logRefusal(faults);
      return;
    }
    const response = wireResponse(message as DiscoveryResponse);
    this.identifier = response.controlPlane;
    const wrong = await this.table.take(incomingOf(response, this.table.typeName));
    if (wrong.length > 0) this.logRefusal(wrong);
    else this.version = response.version;
  }

  private failed(what: string): void {
    if (this.closed) return;
    this.connected = false;
    for (const watch of this.table.all) watch.stats.failed();
    const { source, runtime } = this.options;
    runtime.loggers
      .get('config')
      .warning(`${source.clusterNames.join()}${this.path} ${what}. What is in force stays; it is asked again.`);
  }

  private logRefusal(faults: readonly Fault[]): void {
    const lines = faults.map((fault) => `\n  ${formatFault(fault)}`).join('');
    this.options.runtime.loggers.get('config').warning(`An answer of ${this.path} was refused:${lines}`);
  }
}
