export { routerFactory } from './router.ts';
export { supported } from './config.decode.ts';
export type { RouterConfig } from './config.ts';
