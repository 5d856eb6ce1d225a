import type { Distribution } from './distribution.ts';
import type { StatsSink } from './stats-sink.ts';
import type { StatsdConfig } from './statsd.decode.ts';
import type { StatsStore } from './stats-store.ts';
import { DEFAULT_TAG_RULES, extractTags } from './tag-extraction.ts';

/** Where datagrams go. What cannot be sent is lost, as ever with UDP. */
export interface DatagramSender {
  send(datagram: Buffer): void;
  close(): void;
}

/** A name, and the tags that follow the value. */
interface Named {
  readonly name: string;
  readonly tags: string;
}

/**
 * statsd and DogStatsD over UDP: at each flush a line for each stat that ever moved, many lines to a datagram. Counters are what came since the
 * last flush. Of histograms each value is told once, with how many were alike (`|@0.2`: five), where Envoy has a line for each.
 */
export class StatsdSink implements StatsSink {
  private readonly config: StatsdConfig;
  private readonly open: () => DatagramSender;
  private sender: DatagramSender | undefined;
  private readonly names = new Map<string, Named>();
  /** Where each counter was at the last flush. */
  private readonly before = new Map<string, number>();
  private lines: string[] = [];
  private bytes = 0;

  constructor(config: StatsdConfig, open: () => DatagramSender) {
    this.config = config;
    this.open = open;
  }

  flush(store: StatsStore): void {
    for (const { name, value, used } of store.counters())
      if (used) this.add(name, String(this.counted(name, value)), 'c');
    for (const { name, value, used } of store.gauges()) if (used) this.add(name, String(value), 'g');
    for (const { name, interval, used } of store.histograms()) if (used) this.addValues(name, interval);
    this.sendLines();
  }

  close(): void {
    this.sender?.close();
  }

  private addValues(name: string, { buckets }: Distribution): void {
    for (const { lowerBound, width, count } of buckets) {
      // Whole numbers have buckets of their own up to a hundred.
      const value = width > 1 ? lowerBound + width / 2 : lowerBound;
      this.add(name, String(value), count === 1 ? 'ms' : `ms|@${Number((1 / count).toPrecision(6))}`);
    }
  }

  private add(stat: string, value: string, kind: string): void {
    const { name, tags } = this.named(stat);
    const line = `${name}:${value}|${kind}${tags}`;
    const size = Buffer.byteLength(line) + 1;
    if (this.lines.length > 0 && this.bytes + size - 1 > this.config.datagramBytes) this.sendLines();
    this.lines.push(line);
    this.bytes += size;
  }

  private sendLines(): void {
    if (this.lines.length === 0) return;
    this.sender ??= this.open();
    this.sender.send(Buffer.from(this.lines.join('\n')));
    this.lines = [];
    this.bytes = 0;
  }

  private counted(name: string, value: number): number {
    const before = this.before.get(name) ?? 0;
    this.before.set(name, value);
    // Less than before: it was reset.
    return value < before ? value : value - before;
  }

  private named(stat: string): Named {
    let named = this.names.get(stat);
    if (named === undefined) {
      const { prefix, tags: tagged } = this.config;
      const { name, tags } = tagged ? extractTags(stat, DEFAULT_TAG_RULES) : { name: stat, tags: [] };
      const list = tags.map(({ tag, value }) => `${tag}:${plain(value)}`);
      named = { name: plain(`${prefix}.${name}`), tags: list.length === 0 ? '' : `|#${list.join(',')}` };
      this.names.set(stat, named);
    }
    return named;
  }
}

/** Colons and bars end a name. */
function plain(text: string): string {
  return text.replace(/[:|]/g, '_');
}
