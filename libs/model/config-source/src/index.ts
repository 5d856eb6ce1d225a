export { configSourceSupport, decodeAdsConfig, decodeConfigSource } from './config-source.decode.ts';
export { decodeStreamSource, type StreamSource } from './stream-source.decode.ts';
export type {
  AdsConfig,
  AggregatedConfigSource,
  ApiConfigSource,
  ConfigSource,
  FileConfigSource,
} from './config-source.ts';
export { decodeGrpcService, grpcServiceSupport } from './grpc-service.decode.ts';
export type { GrpcService } from './grpc-service.ts';
export {
  collectionOf,
  formatXdstp,
  isXdstp,
  normalizeName,
  parseXdstp,
  type XdstpDirective,
  type XdstpName,
} from './xdstp-name.ts';
