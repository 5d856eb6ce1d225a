export type {
  AdsConfig,
  AggregatedConfigSource,
  ApiConfigSource,
  ConfigSource,
  FileConfigSource,
} from './config-source.ts';
export type { GrpcService } from './grpc-service.ts';
