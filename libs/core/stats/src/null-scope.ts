import type { Counter, Gauge, Histogram, StatsScope, TextReadout } from './stats.ts';

class PlainNumber implements Counter, Gauge {
  value = 0;
  inc(): void {
    this.value += 1;
  }
  dec(): void {
    this.value -= 1;
  }
  add(amount: number): void {
    this.value += amount;
  }
  sub(amount: number): void {
    this.value -= amount;
  }
  set(value: number): void {
    this.value = value;
  }
}

class PlainText implements TextReadout {
  value = '';
  set(value: string): void {
    this.value = value;
  }
}

/** A scope that counts but reports to nobody: for tests, and for uses of a codec outside a proxy. */
export function createNullScope(): StatsScope {
  return nullScope('', new Map(), new Map());
}

function nullScope(prefix: string, numbers: Map<string, PlainNumber>, texts: Map<string, PlainText>): StatsScope {
  const number = (name: string): PlainNumber => {
    const full = prefix + name;
    const found = numbers.get(full) ?? new PlainNumber();
    numbers.set(full, found);
    return found;
  };
  const histogram: Histogram = { record: () => undefined };
  return {
    prefix: undefined,
    counter: number,
    gauge: number,
    histogram: () => histogram,
    text: (name) => {
      const found = texts.get(prefix + name) ?? new PlainText();
      texts.set(prefix + name, found);
      return found;
    },
    scope: (more) => nullScope(prefix + more, numbers, texts),
  };
}
