export type { ConnectOptions, ListenOptions, TlsClientContext, TlsClientOptions } from './options.ts';
export { SocketTransport } from './socket-transport.ts';
export { listen, type SocketListener } from './listen.ts';
export { connect, type ConnectFailure, type ConnectOwner, type Connecting } from './connect.ts';
export { createTlsClientContext, explainTlsError } from './tls-client.ts';
