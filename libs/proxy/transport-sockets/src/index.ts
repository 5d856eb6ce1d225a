export { unnamed } from './certificate-names.ts';
export { certificateStatus, daysUntil } from './certificate-status.ts';
export { DownstreamTlsFactory } from './downstream-tls-factory.ts';
export { SslStats } from './ssl-stats.ts';
export {
  TlsSource,
  tlsFault,
  type ResolvedTls,
  type TlsFault,
  type TlsSourceOptions,
  type TlsSourceOwner,
} from './tls-source.ts';
export type { Environment, TlsServices, TlsWorld } from './tls-world.ts';
