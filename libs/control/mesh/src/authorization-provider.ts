import type { MeshExtensionProviderEnvoyExtAuthzGrpc, MeshExtensionProviderEnvoyExtAuthzHttp } from '@weft/api-kube';
import { isDryRun, type AuthorizationPolicy } from './authorization-policy.ts';
import type { MeshService } from './service.ts';
import { resolveHost, servicesNamed, type MeshSnapshot } from './snapshot.ts';

/** A service of the mesh that MeshConfig names for something. */
export interface ProviderService {
  readonly service: MeshService;
  readonly port: number;
}

/** Who decides for CUSTOM policies: one of `http` and `grpc`. */
export interface AuthorizationProvider extends ProviderService {
  readonly name: string;
  readonly http?: MeshExtensionProviderEnvoyExtAuthzHttp;
  readonly grpc?: MeshExtensionProviderEnvoyExtAuthzGrpc;
}

/**
 * `[namespace/]host` and a port as MeshConfig names them; a text: why there is none. Who may see the service is not asked: the
 * mesh's own configuration names it. Source: Istio, pilot/pkg/extensionproviders.
 */
export function providerService(
  snapshot: MeshSnapshot,
  { service: wanted, port }: { readonly service: string; readonly port: number },
): ProviderService | string {
  const slash = wanted.indexOf('/');
  const namespace = slash < 0 ? undefined : wanted.slice(0, slash);
  const host = resolveHost(snapshot, wanted.slice(slash + 1), namespace ?? snapshot.config.rootNamespace);
  const named = servicesNamed(snapshot, host);
  const found = namespace === undefined ? named : named.filter((service) => service.namespace === namespace);
  const [service] = found;
  if (service === undefined) return `its service ${wanted} is not there`;
  if (found.length > 1)
    return `its service ${wanted} is there in ${found.map((one) => one.namespace).join(' and ')}: say which, NAMESPACE/${host}`;
  if (service.hostname.startsWith('*')) return `its service ${wanted} is no single host`;
  if (!service.ports.some(({ number }) => number === port)) return `its service ${wanted} has no port ${port}`;
  return { service, port };
}

/** A provider of MeshConfig by its name; a text: why it cannot be asked. */
export function authorizationProvider(snapshot: MeshSnapshot, name: string): AuthorizationProvider | string {
  const { extensionProviders = [] } = snapshot.config;
  const written = extensionProviders.find((one) => one.name === name);
  const deciding = extensionProviders.filter((one) => one.envoyExtAuthzHttp ?? one.envoyExtAuthzGrpc);
  if (written === undefined) {
    const others = deciding.map((one) => one.name ?? '').join(', ');
    return `MeshConfig has no extensionProvider "${name}"${others === '' ? '' : `; it has ${others}`}`;
  }
  const { envoyExtAuthzHttp: http, envoyExtAuthzGrpc: grpc } = written;
  const target = http ?? grpc;
  if (target === undefined) return `the extensionProvider "${name}" decides about nothing: it is no envoyExtAuthz…`;
  const found = providerService(snapshot, { service: target.service ?? '', port: target.port ?? 0 });
  if (typeof found === 'string') return `the extensionProvider "${name}" cannot be asked: ${found}`;
  return {
    ...found,
    name,
    ...(http === undefined ? {} : { http }),
    ...(grpc === undefined ? {} : { grpc }),
  };
}

/** The one provider of the CUSTOM policies of a workload; a text: why nobody can be asked, so that all they are about is denied. */
export function customProvider(
  snapshot: MeshSnapshot,
  policies: readonly AuthorizationPolicy[],
): AuthorizationProvider | string {
  const names = [...new Set(policies.map(({ spec }) => spec.provider?.name ?? ''))];
  if (names.length > 1) return `its workload has CUSTOM policies of several providers (${names.sort().join(', ')})`;
  return authorizationProvider(snapshot, names[0] ?? '');
}

/** Every provider that a workload of a namespace may have to ask. */
export function providersFor(snapshot: MeshSnapshot, namespace: string): AuthorizationProvider[] {
  const { rootNamespace } = snapshot.config;
  const names = snapshot.policies.authorizationPolicies
    .filter(({ ref }) => ref.namespace === rootNamespace || ref.namespace === namespace)
    .filter((policy) => policy.spec.action === 'CUSTOM' && !isDryRun(policy))
    .map(({ spec }) => spec.provider?.name ?? '');
  return [...new Set(names)].sort().flatMap((name) => {
    const found = authorizationProvider(snapshot, name);
    return typeof found === 'string' ? [] : [found];
  });
}
