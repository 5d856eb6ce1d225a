export { corsFactory } from './cors.ts';
export { corsSupport } from './config.decode.ts';
