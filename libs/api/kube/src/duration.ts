import { isDuration } from './scalar.ts';

const UNITS_MS: Readonly<Record<string, number>> = {
  h: 3_600_000,
  m: 60_000,
  s: 1000,
  ms: 1,
  us: 1e-3,
  µs: 1e-3,
  ns: 1e-6,
};

/** Milliseconds of a duration as Go writes them: `2s`, `1m30s`, `0.5s`, `0`. Undefined: it is none. */
export function durationMs(text: string | undefined): number | undefined {
  if (text === '0') return 0;
  if (text === undefined || !isDuration(text)) return undefined;
  const parts = text.matchAll(/([0-9.]+)([a-zµ]+)/g);
  return parts.reduce((sum, [, amount, unit]) => sum + Number(amount) * (UNITS_MS[unit ?? ''] ?? 0), 0);
}
