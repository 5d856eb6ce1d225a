export { GrpcServer, type GrpcListenAddress, type GrpcServerOptions } from './grpc-server.ts';
export { GrpcTls, type GrpcTlsMaterial } from './grpc-tls.ts';
export { GrpcJsChannel, type GrpcChannelTls, type GrpcJsChannelOptions } from './grpc-js-channel.ts';
