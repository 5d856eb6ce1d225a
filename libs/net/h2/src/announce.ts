import { DEFAULT_WINDOW_BYTES, FrameType } from './frame.ts';
import type { Output } from './output.ts';

/** Writes our SETTINGS, and the WINDOW_UPDATE that makes the connection's window `connectionWindowBytes`. */
export function announce(
  output: Output,
  settings: readonly (readonly [id: number, value: number])[],
  connectionWindowBytes: number,
): void {
  const { writer } = output;
  output.begin(settings.length * 6, FrameType.settings, 0, 0);
  for (const [id, value] of settings) {
    writer.uint16(id);
    writer.uint32(value);
  }
  if (connectionWindowBytes === DEFAULT_WINDOW_BYTES) return;
  output.begin(4, FrameType.windowUpdate, 0, 0);
  writer.uint32(connectionWindowBytes - DEFAULT_WINDOW_BYTES);
}
