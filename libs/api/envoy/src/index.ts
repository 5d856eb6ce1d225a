export { registry, typeNameOfUrl, ENVOY_API_VERSION } from './registry.ts';
export { formatFault, type Fault, type FaultHint, type SourcePosition } from './fault.ts';
export { DecodeContext, sourceNamed, type FaultSink, type SourceMap } from './decode-context.ts';
export { mergeSupport, type FieldSupport } from './support.ts';
export { nearest } from './nearest.ts';
export { loadConfig, type ConfigText, type LoadedConfig } from './load-config.ts';
export type { TextFormat } from './parse-text.ts';
