/** The namespace and the cluster's suffix that short names are read in. */
export interface NameScope {
  readonly namespace: string;
  /** Without a leading dot. Default of a mesh: `cluster.local`. */
  readonly domainSuffix: string;
}

/**
 * The full name of a host as a resource names it: `videos-api`, `videos-api.default`, `videos-api.default.svc` and the full
 * name are one, where `isService` knows the result; anything else with a dot is taken as it is.
 * Source: Kubernetes' DNS names of services.
 */
export function fullHostName(host: string, scope: NameScope, isService: (fullName: string) => boolean): string {
  const name = host.toLowerCase().replace(/\.$/, '');
  if (name.startsWith('*')) return name;
  const { namespace, domainSuffix } = scope;
  if (!name.includes('.')) {
    const inCluster = `${name}.${namespace}.svc.${domainSuffix}`;
    // A ServiceEntry may have a host without a dot; a service of the cluster is what a short name means otherwise.
    return !isService(inCluster) && isService(name) ? name : inCluster;
  }
  if (isService(name)) return name;
  const candidates = [`${name}.svc.${domainSuffix}`, `${name}.${domainSuffix}`];
  return candidates.find(isService) ?? name;
}

/** Every name under which clients in `scope` may call a service of the cluster; of other hosts, the host alone. */
export function hostAliases(host: string, scope: NameScope): string[] {
  const suffix = `.svc.${scope.domainSuffix}`;
  if (!host.endsWith(suffix)) return [host];
  const short = host.slice(0, -suffix.length);
  const dot = short.indexOf('.');
  if (dot < 0) return [host];
  const aliases = [host, `${short}.svc`, short];
  return short.slice(dot + 1) === scope.namespace ? [...aliases, short.slice(0, dot)] : aliases;
}

/** True where `pattern` (a name, `*`, or `*.suffix`) takes in `host`, which may be a pattern itself. */
export function hostCovers(pattern: string, host: string): boolean {
  if (pattern === '*' || pattern === host) return true;
  if (!pattern.startsWith('*')) return false;
  const rest = pattern.slice(1);
  return host.startsWith('*') ? host.slice(1).endsWith(rest) : host.endsWith(rest) && host.length > rest.length;
}

/** True where some host is taken in by both. */
export function hostsOverlap(a: string, b: string): boolean {
  return hostCovers(a, b) || hostCovers(b, a);
}

/** More specific first: names before wildcards, longer before shorter. */
export function byHostSpecificity(a: string, b: string): number {
  const wild = Number(a.startsWith('*')) - Number(b.startsWith('*'));
  return wild !== 0 ? wild : b.length - a.length;
}
