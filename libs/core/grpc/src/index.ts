export { GRPC_STATUS, grpcStatusName, type GrpcMetadata, type GrpcStatus } from './status.ts';
export type { GrpcCall, GrpcCallOptions, GrpcChannel, GrpcReceiver } from './channel.ts';
export type { GrpcHandler, GrpcServerCall, GrpcServerReceiver, GrpcServices } from './service.ts';
export { OneWayStream, type OneWayStreamOptions } from './one-way-stream.ts';
