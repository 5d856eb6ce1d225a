// What a codec made of its input, as text to compare and as a few words to tell new behaviour by.
import { RecordingTransport } from '@weft/core-bytes/testing';
import {
  ResponseHeaderMap,
  type ClientCodecCallbacks,
  type HeaderMap,
  type RequestHeaderMap,
  type RequestReceiver,
  type ResponseReceiver,
  type ServerCodecCallbacks,
  type ServerStream,
} from '@weft/core-http';
import { promise } from '../target.ts';

/** No header, value, path or method may carry these on: another hop would read something else. */
const DANGEROUS = /[\0\r\n]/;

function text(headers: HeaderMap, start: string): string {
  const all = [start, ...headers.raw];
  for (const each of all)
    promise(!DANGEROUS.test(each), `no CR, LF or NUL gets through, but ${JSON.stringify(each)} did`);
  for (let i = 0; i < headers.raw.length; i += 2)
    promise(
      /^[^\s:A-Z]+$/.test(headers.raw[i] as string),
      `header names are lower-case tokens: ${JSON.stringify(headers.raw[i])}`,
    );
  return all.join('|');
}

/** One message. Its data is joined, since pieces of it may come in any number. */
class Recorder {
  readonly log: string[];
  readonly at: number;
  private body = '';
  private readonly answer: ((end: boolean) => void) | undefined;
  ended = false;

  constructor(log: string[], answer?: (end: boolean) => void) {
    this.log = log;
    this.at = log.push('') - 1;
    this.answer = answer;
  }
  headers(headers: HeaderMap, end: boolean): void {
    const { method, path, authority, protocol, scheme } = headers as Partial<RequestHeaderMap>;
    const start =
      method === undefined
        ? String((headers as ResponseHeaderMap).status)
        : `${method} ${scheme} ${authority} ${path} ${protocol}`;
    this.note(`head ${text(headers, start)}`);
    this.over(end);
  }
  data(chunk: Buffer, end: boolean): boolean {
    promise(!this.ended, 'nothing comes after the end of a message');
    this.body += chunk.toString('latin1');
    this.over(end);
    return true;
  }
  trailers(trailers: HeaderMap): void {
    this.note(`trailers ${text(trailers, '')}`);
    this.over(true);
  }
  informational(headers: ResponseHeaderMap): void {
    this.note(`interim ${text(headers, String(headers.status))}`);
  }
  reset(reason: string): void {
    this.note(`reset ${reason}`);
    this.ended = true;
  }
  drained(): void {
    // No watermark here.
  }
  private over(end: boolean): void {
    if (!end) return;
    promise(!this.ended, 'a message ends once');
    this.ended = true;
    this.note(`body ${JSON.stringify(this.body)}`);
    this.answer?.(true);
  }
  private note(what: string): void {
    this.log[this.at] += `${what}\n`;
  }
}

/** A server codec's owner that answers every request with 200 when it is complete. */
export class ServerEvents implements ServerCodecCallbacks {
  readonly transport = new RecordingTransport();
  readonly log: string[] = [];
  readonly faults: string[] = [];

  newStream(stream: ServerStream): RequestReceiver {
    return new Recorder(this.log, () => stream.headers(new ResponseHeaderMap(200), true)) as RequestReceiver;
  }
  onProtocolError(details: string, refusedWith: number): void {
    this.faults.push(`${details} ${refusedWith}`);
  }
  onIdle(): void {
    // Nothing to do between requests.
  }
}

/** A client codec's owner. */
export class ClientEvents implements ClientCodecCallbacks {
  readonly transport = new RecordingTransport();
  readonly log: string[] = [];
  readonly faults: string[] = [];
  goAway = false;

  receiver(): ResponseReceiver {
    return new Recorder(this.log) as ResponseReceiver;
  }
  onStreamEnd(): void {
    // The log says it.
  }
  onMaxConcurrentStreams(): void {
    // No more streams are opened here.
  }
  onGoAway(): void {
    this.goAway = true;
  }
  onProtocolError(details: string): void {
    this.faults.push(details);
  }
}

/** Values may hold what fields are joined by: a class for each number of those would never come to an end. */
const MOST_FIELDS = 8;

/** A few words of what happened: kinds of events and faults, in classes small enough that most inputs are like others. */
export function signature(log: readonly string[], faults: readonly string[]): string {
  const size = (length: number): string => (length === 0 ? '' : length < 8 ? 's' : length < 1024 ? 'm' : 'l');
  const kinds = log.map((entry) =>
    entry.replace(
      /^(\w+) ([^\n]*)$/gm,
      (_, kind: string, rest: string) =>
        `${kind}${size(rest.length)}${Math.min(rest.split('|').length >> 2, MOST_FIELDS)}`,
    ),
  );
  return [...new Set(kinds), ...new Set(faults)].join(';').slice(0, 200);
}

/** Whole and in pieces must be the same. Resets and faults may differ in their order only. */
export function sameEvents(whole: readonly string[], cut: readonly string[]): void {
  promise(
    whole.join('\n') === cut.join('\n'),
    `cuts change nothing: ${JSON.stringify(whole)} became ${JSON.stringify(cut)}`,
  );
}
