import type { ConfigMapSpec, MeshConfigSpec } from '@weft/api-kube';
import type { MeshConfig, MeshTracing, ReportService } from './config.ts';
import type { MeshObject } from './object.ts';
import type { Policies } from './policies.ts';

/** Istio's PILOT_TRACE_SAMPLING. */
const SAMPLING_PERCENT = 1;

/** The ConfigMap whose MeshConfig holds: `istio` of the root namespace. */
export function meshConfigOf(
  { meshConfigs }: Policies,
  { rootNamespace }: Pick<MeshConfig, 'rootNamespace'>,
): MeshObject<ConfigMapSpec> | undefined {
  return meshConfigs.find(({ ref }) => ref.namespace === rootNamespace);
}

/**
 * What was given at the start with what the documents' MeshConfig says over it. Trust domain and root namespace are never taken
 * from there: identities and keys stand by them.
 */
export function withMeshConfig(
  { tracing: given, accessLogService: givenLogs, ...base }: MeshConfig,
  mesh: MeshConfigSpec,
): MeshConfig {
  const tracing = tracingOf(given, mesh);
  const accessLogService = accessLogServiceOf(givenLogs, mesh);
  const metricsService = addressOf(mesh.defaultConfig?.envoyMetricsService?.address);
  const { statsdUdpAddress = '' } = mesh.defaultConfig ?? {};
  const runtimeValues = { ...base.runtimeValues, ...mesh.defaultConfig?.runtimeValues };
  const { accessLogFile, outboundTrafficPolicy, enableAutoMtls, extensionProviders } = mesh;
  const mode = outboundTrafficPolicy?.mode;
  return Object.freeze({
    ...base,
    ...(tracing === undefined ? {} : { tracing }),
    ...(accessLogService === undefined ? {} : { accessLogService }),
    ...(metricsService === undefined ? {} : { metricsService }),
    ...(statsdUdpAddress === '' ? {} : { statsdUdpAddress }),
    runtimeValues,
    ...(accessLogFile === undefined ? {} : { accessLogFile }),
    ...(mode === 'ALLOW_ANY' || mode === 'REGISTRY_ONLY' ? { outboundTrafficPolicy: mode } : {}),
    ...(enableAutoMtls === undefined ? {} : { autoMtls: enableAutoMtls }),
    ...(extensionProviders === undefined ? {} : { extensionProviders }),
  });
}

/** The address of `defaultConfig` where it is to be used, else what was given at the start. */
function accessLogServiceOf(given: ReportService | undefined, mesh: MeshConfigSpec): ReportService | undefined {
  const { enableEnvoyAccessLogService: enabled, defaultConfig } = mesh;
  if (enabled === false) return undefined;
  return (enabled === true ? addressOf(defaultConfig?.envoyAccessLogService?.address) : undefined) ?? given;
}

/** `host:port`, `[::1]:port`. */
function addressOf(text = ''): { readonly host: string; readonly port: number } | undefined {
  const parts = /^(.+):(\d+)$/.exec(text);
  return parts === null ? undefined : { host: (parts[1] ?? '').replace(/^\[|\]$/g, ''), port: Number(parts[2]) };
}

/** A provider that is the default one, else the address of `defaultConfig`, else what was given at the start. */
function tracingOf(given: MeshTracing | undefined, mesh: MeshConfigSpec): MeshTracing | undefined {
  const { enableTracing, defaultConfig, defaultProviders, extensionProviders = [] } = mesh;
  if (enableTracing === false) return undefined;
  const { zipkin, sampling } = defaultConfig?.tracing ?? {};
  const samplingPercent = sampling ?? SAMPLING_PERCENT;
  const [wanted] = defaultProviders?.tracing ?? [];
  const provider = extensionProviders.find(({ name }) => name === wanted)?.zipkin;
  if (provider !== undefined)
    return { host: provider.service ?? '', port: provider.port ?? 0, inMesh: true, samplingPercent };
  const address = addressOf(zipkin?.address);
  if (address !== undefined) return { ...address, samplingPercent };
  return given === undefined || sampling === undefined ? given : { ...given, samplingPercent: sampling };
}
