import { mergeSupport, type FieldSupport } from '@weft/api-envoy';
import { httpInspectorSupport } from './http-inspector/index.ts';
import { tlsInspectorSupport } from './tls-inspector/index.ts';

export { listenerFilterFactories } from './registry.ts';
export { recogniseHttp, type HttpGuess } from './http-inspector/index.ts';

/** The fields of Envoy's API that listener filters implement. */
export const listenerFilterSupport: FieldSupport = mergeSupport([httpInspectorSupport, tlsInspectorSupport]);
