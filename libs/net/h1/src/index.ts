export { Http1ServerCodec } from './server-codec.ts';
export { Http1ClientCodec } from './client-codec.ts';
export {
  http1ClientSettings,
  http1ServerSettings,
  type Http1ClientSettings,
  type Http1ServerSettings,
  type Http1Settings,
} from './settings.ts';
export type { H2cUpgrade, Http1ServerCallbacks } from './h2c-upgrade.ts';
export type { HeaderKeyFormat, PreserveCase } from './header-key-format.ts';
export { Details } from './details.ts';
export { Http1Stats } from './stats.ts';
export { errorReplyBody, errorReplyText, plainErrorReply, type ErrorReply } from './error-reply.ts';
export { reasonPhrase } from './reason-phrase.ts';
