export { ClusterGrpcChannel, type ClusterGrpcTarget } from './cluster-grpc-channel.ts';
