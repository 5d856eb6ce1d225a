import type { ObjectRef } from '@weft/control-mesh';
import type { Code, Level } from './codes.ts';

/** One finding. */
export interface Message {
  readonly code: Code;
  readonly level: Level;
  /** Absent where a text is not even a resource. */
  readonly ref?: ObjectRef;
  readonly file: string;
  /** Counts from 1. */
  readonly line: number;
  readonly column: number;
  /** The field: `spec.http[0].retries`. */
  readonly path: string;
  /** What is wrong and why it matters, as sentences. */
  readonly text: string;
  /** What to do about it. */
  readonly hint?: string;
}

const RANKS: Readonly<Record<Level, number>> = { Error: 0, Warning: 1, Info: 2 };

/** By file and place; at one place the worst first. */
export function byPlace(a: Message, b: Message): number {
  if (a.file !== b.file) return a.file < b.file ? -1 : 1;
  return a.line - b.line || RANKS[a.level] - RANKS[b.level] || (a.code < b.code ? -1 : 1);
}

/** True where `level` is as bad as `threshold`, or worse. */
export function reaches(level: Level, threshold: Level): boolean {
  return RANKS[level] <= RANKS[threshold];
}
