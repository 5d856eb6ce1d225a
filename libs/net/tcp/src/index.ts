export type { ConnectOptions, ListenOptions, TlsClientContext, TlsClientOptions } from './options.ts';
