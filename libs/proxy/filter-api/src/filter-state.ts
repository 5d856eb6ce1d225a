import type { FilterStateTexts } from '@weft/core-http';

/** The name and the type of one value that filters pass on. Made once, by the library that gives the value its meaning. */
export interface FilterStateKey<T> {
  /** Envoy's name of the object: `envoy.tcp_proxy.cluster`. */
  readonly name: string;
  /** Only for the type checker. */
  readonly type?: T;
}

/** What filters of one connection (or stream) leave for those behind them. Source: Envoy's StreamInfo::FilterState. */
export class FilterState implements FilterStateTexts {
  private readonly values = new Map<string, unknown>();

  get<T>(key: FilterStateKey<T>): T | undefined {
    return this.values.get(key.name) as T | undefined;
  }
  set<T>(key: FilterStateKey<T>, value: T): void {
    this.values.set(key.name, value);
  }
  /** Text and numbers have one; other objects have none, as in Envoy those without a form for logs. */
  text(name: string): string | undefined {
    const value = this.values.get(name);
    return typeof value === 'string' || typeof value === 'number' ? String(value) : undefined;
  }
}
