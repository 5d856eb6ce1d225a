import { joinPath, nodeOf, type ConfigEntry, type ConfigNode, type MapNode } from '@weft/core-config-text';
import { camelCase } from '../tree-source.ts';
import type { UpgradePlace } from '../read-config.ts';
import { flowText } from './flow-text.ts';

/** A map whose older fields are being replaced. What it makes stands, in the text, where the older fields did. */
export class MapEdit {
  readonly map: MapNode;
  readonly place: UpgradePlace;
  private readonly entries: Map<string, ConfigEntry>;
  private edited = false;

  constructor(map: MapNode, place: UpgradePlace) {
    this.map = map;
    this.place = place;
    this.entries = new Map(map.entries);
  }

  /** The map as it is now: the first one if nothing was edited. */
  get result(): MapNode {
    return this.edited ? { kind: 'map', offset: this.map.offset, entries: this.entries } : this.map;
  }

  /** A field by its proto name, in either spelling. Null is no value. */
  get(name: string): ConfigNode | undefined {
    const value = this.entries.get(this.keyOf(name))?.value;
    return value?.kind === 'scalar' && value.value === null ? undefined : value;
  }

  /** The text of a field. */
  text(name: string): string | undefined {
    const node = this.get(name);
    return node?.kind === 'scalar' ? String(node.value) : undefined;
  }

  /** Replaces an older field by `fields` of today (plain values with nodes in them), and says so. */
  replace(older: string, fields: Readonly<Record<string, unknown>>, how = 'the v3 form is'): void {
    const entry = this.remove(older);
    const here = joinPath(this.place.path, older);
    for (const [name, value] of Object.entries(fields)) {
      const { offset } = entry.value;
      const blocked = this.get(name);
      if (blocked === undefined) this.put(name, nodeOf(value, offset), entry.offset);
      else this.place.sink.fault(here, entry.offset, `is set beside "${name}", which replaced it`);
    }
    this.place.sink.warn(here, entry.offset, `"${older}" is of an older API: ${how} ${flowText(fields)}`);
  }

  /** Takes away a field that has no effect any more, and says so. */
  drop(older: string, why: string): void {
    const entry = this.remove(older);
    this.place.sink.warn(joinPath(this.place.path, older), entry.offset, `"${older}" is of an older API: ${why}`);
  }

  /** Sets the value of a field that stays, and says so. */
  rewrite(name: string, value: unknown, message: string): void {
    const entry = this.entries.get(this.keyOf(name));
    const offset = entry?.value.offset ?? this.map.offset;
    this.put(name, nodeOf(value, offset), entry?.offset ?? this.map.offset);
    this.place.sink.warn(joinPath(this.place.path, name), offset, message);
  }

  private put(name: string, value: ConfigNode, offset: number): void {
    this.entries.set(this.keyOf(name), { offset, value });
    this.edited = true;
  }

  private remove(name: string): ConfigEntry {
    const key = this.keyOf(name);
    const entry = this.entries.get(key);
    if (entry === undefined) throw new Error(`no field ${name} to replace`);
    this.entries.delete(key);
    this.edited = true;
    return entry;
  }

  private keyOf(name: string): string {
    const camel = camelCase(name);
    return !this.entries.has(name) && this.entries.has(camel) ? camel : name;
  }
}
