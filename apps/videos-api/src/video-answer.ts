import type { KeyStore, Settings } from '@weft/demo-catalog';

/** What an answer about one video needs. */
export interface VideoAnswerParts {
  readonly store: KeyStore;
  readonly settings: Settings;
  readonly print: (text: string) => void;
  /** A whole number from 0 up to, not including, `limit`, each as likely as the others. */
  readonly draw: (limit: number) => number;
  readonly pause: (ms: number) => Promise<unknown>;
}

const FLAKY_DRAWS = 90;
const FLAKY_BELOW = 30;
/** The video that `DELAY` makes slow, so that a trace has a slow zone to find. */
const SLOW_VIDEO = 'jM36M39MA3I';
const SLOW_MS = 6_000;

/**
 * Answers with the bytes stored for the id, `{}` when there are none. Rejects, and so closes the connection without a
 * reply, when Redis cannot answer, and for one request in three while FLAKY is exactly `true`.
 */
export function videoAnswer({
  store,
  settings,
  print,
  draw,
  pause,
}: VideoAnswerParts): (id: string) => Promise<Buffer> {
  return async (id) => {
    print(id);
    // Before Redis is asked: a flaky request must not cost a query.
    if (settings.get('FLAKY') === 'true' && draw(FLAKY_DRAWS) < FLAKY_BELOW) throw new Error('flaky error occurred ');
    const video = (await store.get(id)) ?? Buffer.from('{}');
    if (settings.get('DELAY') === 'true' && video.includes(SLOW_VIDEO)) await pause(SLOW_MS);
    return video;
  };
}
