import { setTimeout as pause } from 'node:timers/promises';

const BETWEEN_MS = 10;

/**
 * Asks again and again until there is an answer, and gives it.
 *
 * @throws Error that says `what` never was, when `withinMs` (default 10,000) are over; its cause is what the last try threw
 */
export async function eventually<T>(
  what: string,
  probe: () => Promise<T | undefined> | T | undefined,
  withinMs = 10_000,
): Promise<T> {
  const deadline = Date.now() + withinMs;
  let cause: unknown;
  for (;;) {
    try {
      const found = await probe();
      cause = undefined;
      if (found !== undefined) return found;
    } catch (error) {
      cause = error;
    }
    if (Date.now() > deadline) throw new Error(`${what}: not within ${withinMs} ms`, { cause });
    await pause(BETWEEN_MS);
  }
}
