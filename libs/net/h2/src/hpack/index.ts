export type { HpackSink } from './sink.ts';
export { HpackDecoder } from './decoder.ts';
export { HpackEncoder } from './encoder.ts';
