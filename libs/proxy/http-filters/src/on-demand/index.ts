export { onDemandFactory } from './on-demand.ts';
export { onDemandFilterSupport } from './config.decode.ts';
