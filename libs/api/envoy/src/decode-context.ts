import type { Message } from '@bufbuild/protobuf';
import type { Any } from '@bufbuild/protobuf/wkt';
import { joinPath, nearest, type Fault, type FaultHint } from '@weft/core-config-text';
import { messageNames } from './registry.ts';
import { openAny } from './open-any.ts';
import type { SourceMap } from './source-map.ts';

/** Faults and warnings of one document, as its decoders find them. */
export interface FaultSink {
  readonly faults: Fault[];
  readonly warnings: Fault[];
  /**
   * The configuration is only judged (`--mode validate`): what Weft cannot do yet is worth a warning. Default false: it is to
   * be served, and a proxy that left out a filter would do something else than was asked.
   */
  readonly judging?: boolean;
}

const NOT_YET = 'is known to Envoy and not implemented by Weft yet';

/**
 * A place in the configuration being decoded. Decoders go down with `at`, and report what they find instead of throwing,
 * so that one reading of a file tells everything that is wrong with it.
 */
export class DecodeContext {
  readonly path: string;
  private readonly source: SourceMap;
  private readonly sink: FaultSink;

  constructor(source: SourceMap, sink: FaultSink = { faults: [], warnings: [] }, path = '') {
    this.source = source;
    this.sink = sink;
    this.path = path;
  }

  get faults(): readonly Fault[] {
    return this.sink.faults;
  }
  get warnings(): readonly Fault[] {
    return this.sink.warnings;
  }

  /** The place below: a field by its proto name (`route_config`), an element of a list by its index, of a map by its key. */
  at(...segments: readonly (string | number)[]): DecodeContext {
    let { path } = this;
    for (const segment of segments) path = joinPath(path, segment);
    return new DecodeContext(this.source, this.sink, path);
  }

  error(message: string, hint: FaultHint = {}): void {
    this.sink.faults.push(this.fault(message, hint));
  }

  warn(message: string, hint: FaultHint = {}): void {
    this.sink.warnings.push(this.fault(message, hint));
  }

  /**
   * `subject` is valid for Envoy and comes later to Weft: a fault where the configuration is to be served, a warning where it
   * is only judged. The caller goes on without it. `''`: the place itself is the subject.
   */
  later(subject: string, hint: FaultHint = {}): void {
    const clause = subject === '' ? NOT_YET : `${subject} ${NOT_YET}`;
    this.dropNoEffect();
    if (this.sink.judging !== true) {
      this.error(clause, hint);
      return;
    }
    const message = `${clause}; it comes later, and no proxy starts with it until then`;
    this.sink.warnings.push({ ...this.fault(message, {}), refusedToServe: true });
  }

  /** Takes over what somebody found who cannot report here, and counts its paths from this place on (another thread). */
  adopt(found: Fault, kind: 'fault' | 'warning' = 'fault'): void {
    const { path: below, file: _file, position: _position, message, ...hint } = found;
    const dotted = this.path !== '' && below !== '' && !below.startsWith('[');
    const place = new DecodeContext(this.source, this.sink, `${this.path}${dotted ? '.' : ''}${below}`);
    this.sink[kind === 'fault' ? 'faults' : 'warnings'].push(place.fault(message, hint));
  }

  /**
   * The message inside an Any. Absent, unknown or broken ones are reported and give undefined; so is a type other than
   * `typeName`, where one is asked for.
   */
  unpack(any: Any | undefined, typeName?: string): Message | undefined {
    if (any === undefined || any.typeUrl === '') {
      this.error('is missing', typeName === undefined ? {} : { expected: typeName });
      return undefined;
    }
    const opened = openAny(any);
    const { typeName: name } = opened;
    if (opened.kind === 'unknown') {
      const suggestion = nearest(name, messageNames());
      this.error(`unknown type "${name}"`, suggestion === undefined ? {} : { suggestion });
      return undefined;
    }
    if (typeName !== undefined && name !== typeName) {
      this.error(`has type "${name}"`, { expected: typeName });
      return undefined;
    }
    if (opened.kind === 'message') return opened.message;
    for (const { path, message, ...hint } of opened.reasons) {
      new DecodeContext(this.source, this.sink, this.path + path).error(`${message} (as ${name})`, hint);
    }
    return undefined;
  }

  /** That nothing reads this place was told by who compared the whole with what is implemented: told once is enough. */
  private dropNoEffect(): void {
    const { warnings } = this.sink;
    const told = warnings.findIndex(({ path, message }) => path === this.path && message.includes(NOT_YET));
    if (told >= 0) warnings.splice(told, 1);
  }

  private fault(message: string, hint: FaultHint): Fault {
    const position = this.source.position(this.path);
    return {
      path: this.path,
      file: this.source.file,
      message,
      ...hint,
      ...(position === undefined ? {} : { position }),
    };
  }
}
