export { extAuthzFactory } from './ext-authz.ts';
export { extAuthzSupport } from './config.decode.ts';
