import { providersFor, providerService, type MeshService } from '@weft/control-mesh';
import type { TranslateContext } from './context.ts';

/**
 * Services that a proxy itself calls, whatever its workload does: those that decide for CUSTOM policies, and where spans go. It
 * has their clusters from the start, for nothing asks for them on demand. The same for all proxies of a namespace.
 */
export function requiredServices({ snapshot, proxy }: TranslateContext): readonly MeshService[] {
  if (proxy.traffic === 'grpc') return [];
  const services = providersFor(snapshot, proxy.namespace).map(({ service }) => service);
  const { tracing } = snapshot.config;
  if (tracing?.inMesh !== true) return services;
  const found = providerService(snapshot, { service: tracing.host, port: tracing.port });
  return typeof found === 'string' ? services : [...services, found.service];
}
