export { RespParser, type RespParserOptions, type RespReceiver } from './parser.ts';
export { encodeCommand, encodeResp } from './encode.ts';
export {
  NULL_BULK,
  NULL_RESP3,
  arrayOf,
  bulk,
  errorOf,
  integer,
  simple,
  type RespAggregate,
  type RespBytes,
  type RespNull,
  type RespText,
  type RespValue,
} from './value.ts';
