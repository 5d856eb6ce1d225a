import { DecodeContext, formatFault, sourceNamed, typeNameOfUrl, type Fault } from '@weft/api-envoy';
import { after, type Runtime, type Timer } from '@weft/core-runtime';
import { BackOff } from './back-off.ts';
import { absenceRemoves, isNamespace } from './resource-name.ts';
import { placeName, type Incoming } from './incoming.ts';
import { ResourceTable } from './resource-table.ts';
import type { TypeSource } from './resource-source.ts';
import type { WireProtocol, WireRequest, WireResponse } from './wire-protocol.ts';

const MAX_ERROR_CHARS = 32 * 1024;

interface Answer {
  readonly nonce: string;
  readonly error: string | undefined;
}

/** What a channel tells its stream. */
export interface TypeChannelOwner {
  /** There is something to send. */
  onRequest(channel: TypeChannel): void;
  /** A response begins to be applied, or has been. */
  onApply(channel: TypeChannel, begins: boolean): void;
}

/** One type on one stream: which names were asked for, which version was taken, which responses wait for their answer. */
export class TypeChannel implements TypeSource {
  readonly typeUrl: string;
  readonly table: ResourceTable;
  /** Counted: requests wait while it is above 0. */
  paused = 0;
  private readonly protocol: WireProtocol;
  private readonly runtime: Runtime;
  private readonly owner: TypeChannelOwner;
  private readonly nackBackOff: BackOff;
  private version = '';
  private nonce = '';
  /** What the last request on this stream named; undefined before the first. */
  private sent: ReadonlySet<string> | undefined;
  /** Counts streams: an answer to what came on an older one is not sent. */
  private stream = 0;
  private answers: Answer[] = [];
  private nackWait: Timer | undefined;
  private refusedInRow = 0;
  private dirty = false;

  constructor(typeUrl: string, world: { protocol: WireProtocol; runtime: Runtime }, owner: TypeChannelOwner) {
    this.typeUrl = typeUrl;
    this.protocol = world.protocol;
    this.runtime = world.runtime;
    this.owner = owner;
    this.nackBackOff = new BackOff(world.runtime.random);
    const typeName = typeNameOfUrl(typeUrl);
    this.table = new ResourceTable({
      typeName,
      runtime: world.runtime,
      absenceRemoves: absenceRemoves(typeName),
      asked: (name) => this.sent?.has(name) === true,
    });
  }

  /** Somebody asks for something else. */
  namesChanged(): void {
    this.dirty = true;
    this.owner.onRequest(this);
  }

  /** What the last request named is named as if for the first time: a server that was asked before answers anew. */
  askAgain(names: readonly string[]): void {
    if (this.sent !== undefined) this.sent = new Set([...this.sent].filter((name) => !names.includes(name)));
    this.namesChanged();
  }

  /** A new stream: nothing was asked for on it yet, and no nonce is valid. */
  reset(): void {
    this.stream += 1;
    const { sent = [] } = this;
    this.sent = undefined;
    this.table.release(sent);
    this.nonce = '';
    this.answers = [];
    this.nackWait?.cancel();
    this.nackWait = undefined;
    this.dirty = !this.table.empty;
  }

  close(): void {
    this.nackWait?.cancel();
    this.table.close();
  }

  get ready(): boolean {
    if (this.paused > 0) return false;
    return this.namesDiffer() || (this.answers.length > 0 && this.nackWait === undefined);
  }

  /** The next request; undefined: there is nothing to say. */
  next(node: object | undefined): Uint8Array | undefined {
    if (!this.ready) return undefined;
    const answer = this.answers.shift();
    const before = this.sent;
    // An answer alone costs no look at ten thousand names.
    const names = this.dirty || before === undefined ? this.names() : before;
    if (names !== before) {
      // An empty name stands for "wanted everything without naming it": it decides how everything is asked for later.
      const silent = (before === undefined || before.has('')) && names.size === 1 && names.has('*');
      this.sent = silent ? new Set([...names, '']) : names;
    }
    this.dirty = false;
    if (before !== undefined && names !== before) this.table.release([...before].filter((name) => !names.has(name)));
    if (this.answers.length === 0) this.stopWaiting();
    const request: WireRequest = {
      typeUrl: this.typeUrl,
      node,
      names,
      before,
      version: this.version,
      versions: () => this.table.versions(),
      nonce: answer?.nonce ?? (this.protocol.answersEach ? '' : this.nonce),
      error: answer?.error,
    };
    return this.protocol.encode(request);
  }

  async receive(response: WireResponse): Promise<void> {
    const { stream } = this;
    this.owner.onApply(this, true);
    const faults = await this.table.take(incomingOf(response, this.table.typeName));
    if (faults.length === 0) this.version = response.version;
    else this.logRefusal(response, faults);
    if (stream === this.stream) this.answer(response.nonce, faults);
    this.owner.onApply(this, false);
  }

  private answer(nonce: string, faults: readonly Fault[]): void {
    if (!this.protocol.answersEach) this.answers = [];
    this.nonce = nonce;
    this.answers.push({ nonce, error: faults.length === 0 ? undefined : errorText(faults) });
    this.stopWaiting();
    if (faults.length === 0) {
      this.refusedInRow = 0;
      this.nackBackOff.reset();
    } else if (this.refusedInRow++ > 0) {
      // A server that sends the same again as soon as it hears of a refusal would keep both busy with nothing else.
      this.nackWait = after(this.runtime.timers, this.nackBackOff.draw(), () => {
        this.nackWait = undefined;
        this.owner.onRequest(this);
      });
    }
    this.owner.onRequest(this);
  }

  private stopWaiting(): void {
    this.nackWait?.cancel();
    this.nackWait = undefined;
  }

  private names(): ReadonlySet<string> {
    const { table } = this;
    const names = [...table.names].filter((name) => !isNamespace(table.typeName, name));
    return new Set(table.wildcard ? ['*', ...names] : names);
  }

  private namesDiffer(): boolean {
    if (!this.dirty) return false;
    if (this.sent === undefined) return !this.table.empty;
    const names = this.names();
    const { sent } = this;
    const count = sent.has('') ? sent.size - 1 : sent.size;
    const differ = names.size !== count || [...names].some((name) => !sent.has(name));
    if (!differ) this.dirty = false;
    return differ;
  }

  private logRefusal({ version }: WireResponse, faults: readonly Fault[]): void {
    const lines = errorText(faults).replaceAll(/^/gm, '  ');
    this.runtime.loggers
      .get('config')
      .warning(
        `${this.table.typeName} version "${version}" was refused; what was in force of the refused resources stays:\n${lines}`,
      );
  }
}

/** What a table takes of a response. */
export function incomingOf({ kind, version, resources, removed }: WireResponse, typeName: string): Incoming {
  return {
    kind,
    version,
    removed,
    resources: resources.map((resource) => ({
      ...resource,
      place: (name, sink) => new DecodeContext(sourceNamed(placeName(typeName, name)), sink),
    })),
  };
}

/** Every fault on a line of its own, as far as there is room. */
function errorText(faults: readonly Fault[]): string {
  const lines: string[] = [];
  let room = MAX_ERROR_CHARS;
  for (const [i, fault] of faults.entries()) {
    const line = formatFault(fault).slice(0, MAX_ERROR_CHARS / 8);
    if (line.length + 64 > room) {
      lines.push(`… and ${faults.length - i} more`);
      break;
    }
    room -= line.length + 1;
    lines.push(line);
  }
  return lines.join('\n');
}
