export { httpFilterFactories } from './registry.ts';
export { supported as httpFilterSupport } from '@weft/proxy-router';
