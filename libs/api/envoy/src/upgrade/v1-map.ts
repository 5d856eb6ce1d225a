import { joinPath, nodeOf, plainValue, type ConfigNode } from '@weft/core-config-text';
import type { UpgradePlace } from '../read-config.ts';
import { flowText } from './flow-text.ts';

type Built = Readonly<Record<string, unknown>>;

/**
 * A map of the v1 API while it is read field by field. What nobody asked for is passed on under its name, so that it is
 * either a field that stayed the same or told of as an unknown one.
 */
export class V1Map {
  readonly node: ConfigNode;
  readonly place: UpgradePlace;
  private readonly used = new Set<string>();

  constructor(node: ConfigNode, place: UpgradePlace) {
    this.node = node;
    this.place = place;
  }

  /** A field, which counts as read from then on. */
  take(name: string): ConfigNode | undefined {
    this.used.add(name);
    return this.node.kind === 'map' ? this.node.entries.get(name)?.value : undefined;
  }

  text(name: string): string | undefined {
    const node = this.take(name);
    return node?.kind === 'scalar' ? String(node.value) : undefined;
  }

  /** An enum's name in capitals. */
  capitals(name: string): unknown {
    const text = this.text(name);
    return text === undefined ? undefined : this.at(name, text.toUpperCase());
  }

  /** A number of milliseconds (or of `unit` of them) as a duration. */
  duration(name: string, unit = 1): unknown {
    const node = this.take(name);
    if (node?.kind !== 'scalar' || typeof node.value !== 'number') return node;
    return this.at(name, `${(node.value * unit) / 1000}s`);
  }

  /** A map below. */
  map(name: string): V1Map | undefined {
    const node = this.take(name);
    return node?.kind === 'map' ? new V1Map(node, this.below(name)) : undefined;
  }

  /** The maps of a list below. */
  maps(name: string): V1Map[] | undefined {
    const node = this.take(name);
    if (node === undefined) return undefined;
    const items = node.kind === 'list' ? node.items : [node];
    return items.map(
      (item, index) => new V1Map(item, { ...this.place, path: joinPath(joinPath(this.place.path, name), index) }),
    );
  }

  /** A value made from the field `name`: it stands where the field does. */
  at(name: string, value: unknown): ConfigNode {
    const node = this.node.kind === 'map' ? this.node.entries.get(name)?.value : undefined;
    return nodeOf(value, (node ?? this.node).offset);
  }

  /** The v3 form: `fields` that are not undefined, and what was not read. */
  build(fields: Built): ConfigNode {
    const rest: Record<string, unknown> = {};
    if (this.node.kind !== 'map') return this.node;
    for (const [key, entry] of this.node.entries) if (!this.used.has(key)) rest[key] = entry.value;
    const present = Object.entries({ ...rest, ...fields }).filter(([, value]) => value !== undefined);
    return nodeOf(Object.fromEntries(present), this.node.offset);
  }

  /** `build`, with a warning that shows the form. */
  upgraded(what: string, fields: Built): ConfigNode {
    const now = this.build(fields);
    this.warn(`${what} is of the v1 API: the v3 form is ${flowText(plainValue(now))}`);
    return now;
  }

  warn(message: string): void {
    this.place.sink.warn(this.place.path, this.node.offset, message);
  }

  private below(name: string): UpgradePlace {
    return { ...this.place, path: joinPath(this.place.path, name) };
  }
}
