export { Http2ServerCodec } from './server-codec.ts';
export { Http2ClientCodec } from './client-codec.ts';
export {
  http2ClientSettings,
  http2ServerSettings,
  type Http2ClientSettings,
  type Http2ServerSettings,
  type Http2Settings,
  type KeepAliveSettings,
} from './settings.ts';
export { Http2Stats } from './stats.ts';
