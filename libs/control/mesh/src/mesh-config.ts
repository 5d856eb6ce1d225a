import type { ConfigMapSpec, MeshConfigSpec } from '@weft/api-kube';
import type { MeshConfig, MeshTracing } from './config.ts';
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
export function withMeshConfig({ tracing: given, ...base }: MeshConfig, mesh: MeshConfigSpec): MeshConfig {
  const tracing = tracingOf(given, mesh);
  const { accessLogFile, outboundTrafficPolicy, enableAutoMtls, extensionProviders } = mesh;
  const mode = outboundTrafficPolicy?.mode;
  return Object.freeze({
    ...base,
    ...(tracing === undefined ? {} : { tracing }),
    ...(accessLogFile === undefined ? {} : { accessLogFile }),
    ...(mode === 'ALLOW_ANY' || mode === 'REGISTRY_ONLY' ? { outboundTrafficPolicy: mode } : {}),
    ...(enableAutoMtls === undefined ? {} : { autoMtls: enableAutoMtls }),
    ...(extensionProviders === undefined ? {} : { extensionProviders }),
  });
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
  const parts = /^(.+):(\d+)$/.exec(zipkin?.address ?? '');
  if (parts !== null)
    return { host: (parts[1] ?? '').replace(/^\[|\]$/g, ''), port: Number(parts[2]), samplingPercent };
  return given === undefined || sampling === undefined ? given : { ...given, samplingPercent: sampling };
}
