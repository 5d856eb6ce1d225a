/** Time. The only source of it: everything else takes a Clock, so that tests own time. */
export interface Clock {
  /** Monotonic time in milliseconds, with a fraction. For durations and deadlines; its zero means nothing. */
  nowMs(): number;
  /** Wall-clock time in milliseconds since the Unix epoch. For what people read: dates, logs, span timestamps. */
  wallMs(): number;
}

// The global is found through an accessor each time.
const { performance } = globalThis;

export const systemClock: Clock = {
  nowMs: () => performance.now(),
  wallMs: () => Date.now(),
};

/** How far the machine's time zone is ahead of UTC at a moment, in minutes: +60 for Paris in winter. */
export function localOffsetMinutes(wallMs: number): number {
  return -new Date(wallMs).getTimezoneOffset();
}
