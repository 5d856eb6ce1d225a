export { ByteWriter } from './byte-writer.ts';
export { HpackDecoder, HpackEncoder, type HpackSink } from './hpack/index.ts';
