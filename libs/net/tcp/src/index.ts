export type { ConnectOptions, ConnectTarget, ListenOptions, TlsClientContext, TlsClientOptions } from './options.ts';
export { SocketTransport, type TransportOptions } from './socket-transport.ts';
export { listen, listenForSockets, type SocketListener } from './listen.ts';
export { connect, type ConnectOwner, type Connecting } from './connect.ts';
export type { ConnectFailure } from './connect-attempt.ts';
export { createTlsClientContext, explainTlsError } from './tls-client.ts';
export { addressOf, sharedAddressOf } from './addresses.ts';
export { InternalSocket } from './internal-socket.ts';
