export { httpFilters } from './registry.ts';
export { supported } from '@weft/proxy-router';
