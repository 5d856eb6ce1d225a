export { listenerRateLimitFactory } from './local-ratelimit.ts';
export { listenerRateLimitSupport } from './config.decode.ts';
