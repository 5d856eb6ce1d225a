export { rbacFactory } from './rbac.ts';
export { rbacFilterSupport } from './config.decode.ts';
