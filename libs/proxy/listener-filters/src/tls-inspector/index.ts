export { tlsInspectorFactory } from './tls-inspector.ts';
export { tlsInspectorSupport } from './config.decode.ts';
