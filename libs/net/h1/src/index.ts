export { Http1ServerCodec } from './server-codec.ts';
export { Http1ClientCodec } from './client-codec.ts';
export {
  http1ClientSettings,
  http1ServerSettings,
  type Http1ClientSettings,
  type Http1ServerSettings,
} from './settings.ts';
export { errorReplyBody, errorReplyText, plainErrorReply, type ErrorReply } from './error-reply.ts';
export { reasonPhrase } from './reason-phrase.ts';
