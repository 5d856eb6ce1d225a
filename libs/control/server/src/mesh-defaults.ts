import type { MeshConfig, ReportService } from '@weft/control-mesh';
import type { ControlPlaneOptions } from './options.ts';

/** What the flags say of the whole mesh. */
export function meshDefaults(options: ControlPlaneOptions): Partial<MeshConfig> {
  const { trustDomain, domainSuffix, rootNamespace, outboundTrafficPolicy, scope, accessLogFile, redisFilter } =
    options;
  const { zipkin, traceSamplingPercent: samplingPercent, runtimeValues } = options;
  const { accessLogService: logs, metricsService: stats } = options;
  return {
    trustDomain,
    domainSuffix,
    rootNamespace,
    outboundTrafficPolicy,
    scope,
    accessLogFile,
    redisFilter,
    runtimeValues,
    ...(zipkin === '' ? {} : { tracing: { ...hostAndPort(zipkin), samplingPercent } }),
    ...(logs === '' ? {} : { accessLogService: reportService(logs) }),
    ...(stats === '' ? {} : { metricsService: reportService(stats) }),
  };
}

function reportService(text: string): ReportService {
  return text === 'control-plane' ? text : hostAndPort(text);
}

/** `host:port`, `[::1]:port`. */
function hostAndPort(text: string): { readonly host: string; readonly port: number } {
  const colon = text.lastIndexOf(':');
  return { host: text.slice(0, colon).replace(/^\[|\]$/g, ''), port: Number(text.slice(colon + 1)) };
}
