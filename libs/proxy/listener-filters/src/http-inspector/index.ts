export { httpInspectorFactory } from './http-inspector.ts';
export { httpInspectorSupport } from './config.decode.ts';
export { recogniseHttp, type HttpGuess } from './recognise-http.ts';
