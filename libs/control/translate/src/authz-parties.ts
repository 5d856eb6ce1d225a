import {
  destinationRuleFor,
  endpointsAt,
  findService,
  gatewayPorts,
  inboundPorts,
  isHttp,
  isTls,
  mtlsMode,
  portPolicy,
  refText,
  resolveHost,
  serviceKey,
  spiffeId,
  workloadKey,
  type GatewayPort,
  type MeshProxy,
  type MeshService,
  type MeshSnapshot,
  type ObjectRef,
  type Workload,
} from '@weft/control-mesh';
import { isIP } from 'node:net';
import { meshSni } from './names.ts';
import { externalSni } from './outbound-clusters.ts';

/** The mesh, and who is connected: gateways are known by that alone. */
export interface AuthzWorld {
  readonly snapshot: MeshSnapshot;
  readonly proxies: readonly MeshProxy[];
}

/** Who asks. */
export interface Caller {
  readonly text: string;
  /** `''`: it has none, and calls in plaintext. */
  readonly identity: string;
  /** Undefined: it has no proxy, or only its identity is known. */
  readonly proxy: MeshProxy | undefined;
  /** Empty: nobody knows. */
  readonly addresses: readonly string[];
}

/** Who is asked: a workload with its service, or a gateway. */
export interface Target {
  readonly proxy: MeshProxy;
  readonly ports: readonly TargetPort[];
}

export interface TargetPort {
  readonly port: number;
  readonly listenPort: number;
  readonly kind: 'http' | 'tcp';
  /** Of requests that name none. */
  readonly host: string;
  /** `STRICT`, `PERMISSIVE`, `DISABLE`; at a gateway what its server says: `NONE`, `SIMPLE`, `MUTUAL` … */
  readonly mtls: string;
  readonly mtlsBy: ObjectRef | undefined;
  /** Undefined: it is called by address, or at a gateway. */
  readonly service: MeshService | undefined;
}

/** One way in which the call may arrive. */
export interface Way {
  readonly kind: 'http' | 'tcp';
  readonly identity: string;
  /** SNI as the proxy sees it; `''`: none. */
  readonly serverName: string;
  /** Why there is no identity. */
  readonly why?: string;
  /** The connection fails before any policy is asked. */
  readonly refused?: string;
}

/** By `name`, `namespace/name`, the service it serves, an address, or `spiffe://…`. Undefined: nobody knows it. */
export function findCaller(world: AuthzWorld, text: string): Caller | undefined {
  if (text.startsWith('spiffe://')) return { text, identity: text, proxy: undefined, addresses: [] };
  if (isIP(text) !== 0) return { text, identity: '', proxy: undefined, addresses: [text] };
  const workload = findWorkload(world.snapshot, text);
  if (workload !== undefined) {
    const { proxied, identity, addresses } = workload;
    const known = addresses.filter((address) => isIP(address) !== 0);
    if (!proxied) return { text, identity: '', proxy: undefined, addresses: known };
    return { text, identity, proxy: proxyOf(world, workload), addresses: known };
  }
  const proxy = findGateway(world, text);
  if (proxy === undefined) return undefined;
  const { namespace, serviceAccount, addresses } = proxy;
  const identity = spiffeId(world.snapshot.config.trustDomain, namespace, serviceAccount);
  return { text, identity, proxy, addresses: addresses.filter((address) => isIP(address) !== 0) };
}

export function findTarget(world: AuthzWorld, text: string): Target | undefined {
  const { snapshot } = world;
  const workload = findWorkload(snapshot, text);
  if (workload === undefined) {
    const proxy = findGateway(world, text);
    return proxy && { proxy, ports: gatewayPorts(snapshot, proxy).map(gatewayTarget) };
  }
  const proxy = proxyOf(world, workload);
  const { namespace, labels } = proxy;
  const ports = inboundPorts(snapshot, proxy).map(
    ({ servicePort, listenPort, appPort, protocol, service }): TargetPort => {
      const { mode, source } = mtlsMode(snapshot, { namespace, labels, port: appPort });
      return {
        port: servicePort,
        listenPort,
        kind: isHttp(protocol) ? 'http' : 'tcp',
        host: service?.hostname ?? '',
        mtls: mode,
        mtlsBy: source?.ref,
        service,
      };
    },
  );
  return { proxy, ports };
}

function gatewayTarget({ port, protocol, tls, hosts: [first], source }: GatewayPort): TargetPort {
  const passed =
    tls?.mode === 'PASSTHROUGH' || tls?.mode === 'AUTO_PASSTHROUGH' || (isTls(protocol) && protocol !== 'https');
  return {
    port,
    listenPort: port,
    kind: !passed && (isHttp(protocol) || protocol === 'https') ? 'http' : 'tcp',
    host: first?.host ?? '',
    mtls: tls?.mode ?? 'NONE',
    mtlsBy: source.object.ref,
    service: undefined,
  };
}

/** How the call arrives: more than one way where subsets of the service are called differently. A text: that cannot be told. */
export function waysOf(world: AuthzWorld, caller: Caller, target: Target, port: TargetPort): readonly Way[] | string {
  if (target.proxy.role === 'gateway') return atGateway(caller, port);
  const means = meansOf(world.snapshot, caller, target, port);
  const ways = means.map((one) => atSidecar(caller, port, isLookedAt(target, port) ? one : { ...one, serverName: '' }));
  const unknown = ways.find((way) => typeof way === 'string');
  return unknown ?? ways.filter((way) => typeof way !== 'string');
}

/** A listener that takes plaintext alone looks for no TLS, unless it takes what is redirected. */
function isLookedAt({ proxy }: Target, { mtls }: TargetPort): boolean {
  return mtls !== 'DISABLE' || proxy.traffic === 'capture';
}

function atGateway(caller: Caller, { kind, mtls, host }: TargetPort): readonly Way[] | string {
  const named = caller.text.startsWith('spiffe://');
  const serverName = mtls === 'NONE' ? '' : host.replace(/:\d+$/, '');
  switch (mtls) {
    case 'ISTIO_MUTUAL':
      return caller.identity === ''
        ? [
            {
              kind,
              identity: '',
              serverName,
              refused: `the port takes mutual TLS of the mesh alone, and ${caller.text} has no certificate of it`,
            },
          ]
        : [{ kind, identity: caller.identity, serverName }];
    case 'MUTUAL':
    case 'OPTIONAL_MUTUAL':
      if (named) return [{ kind, identity: caller.identity, serverName }];
      return `the port is ${mtls}: which certificate ${caller.text} shows there is nothing that the mesh knows; ask with spiffe://…`;
    default:
      return [{ kind, identity: '', serverName, why: 'a gateway knows clients of such a port by their address alone' }];
  }
}

interface Means {
  readonly tls: 'mesh' | 'plain' | 'SIMPLE' | 'MUTUAL';
  /** `''` without TLS. */
  readonly serverName: string;
  readonly why: string;
}

function plain(why: string): Means {
  return { tls: 'plain', serverName: '', why };
}

/** What the caller's proxy does on the way: what DestinationRules say, else automatic mutual TLS. */
function meansOf(snapshot: MeshSnapshot, { text, identity, proxy }: Caller, target: Target, port: TargetPort): Means[] {
  if (identity === '') return [plain(`${text} has no proxy that would speak mutual TLS`)];
  const { service } = port;
  if (proxy === undefined)
    return [{ tls: 'mesh', serverName: service === undefined ? '' : meshSni(service.hostname, port.port), why: '' }];
  if (service === undefined) return [plain('no service has the port: it is called by address')];
  const rule = destinationRuleFor(snapshot, proxy, service);
  const subsets = (rule?.subsets ?? []).filter(({ labels = {} }) =>
    Object.entries(labels).every(([key, value]) => target.proxy.labels[key] === value),
  );
  const means = [undefined, ...subsets].map((subset): Means => {
    const { mode, sni = externalSni(service) } = portPolicy(rule, port.port, subset).tls ?? {};
    const own = meshSni(service.hostname, port.port, subset?.name);
    const by = `${rule?.sources.map(({ ref }) => refText(ref)).join(', ') ?? ''} says tls ${mode ?? ''}`;
    if (mode === 'DISABLE') return plain(by);
    if (mode === 'ISTIO_MUTUAL') return { tls: 'mesh', serverName: own, why: by };
    if (mode === 'SIMPLE' || mode === 'MUTUAL') return { tls: mode, serverName: sni, why: by };
    const { tls, why } = automatic(snapshot, proxy, service, { target, port });
    return { tls, serverName: tls === 'mesh' ? own : '', why };
  });
  return means.filter(
    ({ tls, serverName }, i) => means.findIndex((one) => one.tls === tls && one.serverName === serverName) === i,
  );
}

function automatic(
  snapshot: MeshSnapshot,
  caller: MeshProxy,
  service: MeshService,
  { target, port }: { readonly target: Target; readonly port: TargetPort },
): Pick<Means, 'tls' | 'why'> {
  if (snapshot.config.autoMtls === false) return { tls: 'plain', why: 'automatic mutual TLS is off' };
  if (caller.traffic === 'grpc')
    return { tls: 'plain', why: 'a gRPC program speaks it only where a DestinationRule says so' };
  if (service.resolution === 'NONE') return { tls: 'plain', why: 'the service is called by address' };
  const all = endpointsAt(snapshot, snapshot.endpoints.get(serviceKey(service)) ?? [], port.port);
  const own = all.find(
    ({ workload, namespace }) => workload === target.proxy.name && namespace === target.proxy.namespace,
  );
  if (own?.proxied === false)
    return { tls: 'plain', why: port.mtls === 'DISABLE' ? 'the port takes none' : 'the endpoint has no proxy' };
  return { tls: 'mesh', why: '' };
}

function atSidecar({ text, identity }: Caller, { kind, mtls }: TargetPort, means: Means): Way | string {
  const { tls, serverName, why } = means;
  if (tls === 'mesh') {
    if (mtls !== 'DISABLE') return { kind, identity, serverName };
    return why === ''
      ? { kind, identity: '', serverName: '', why: 'the port takes none' }
      : { kind, identity: '', serverName, refused: `mutual TLS to a port that takes none: ${why}` };
  }
  if (tls === 'plain')
    return mtls === 'STRICT'
      ? { kind, identity: '', serverName: '', refused: `plaintext to a STRICT port: ${why}` }
      : { kind, identity: '', serverName: '', why };
  if (mtls === 'STRICT' && tls === 'MUTUAL')
    return `whether the certificate that ${text} shows is of the mesh is nothing that the control plane knows: ${why}`;
  if (mtls === 'STRICT')
    return { kind, identity: '', serverName, refused: `TLS without a certificate to a STRICT port: ${why}` };
  if (mtls === 'DISABLE' && kind === 'http')
    return { kind, identity: '', serverName, refused: `TLS to a port that takes plaintext: ${why}` };
  return { kind: 'tcp', identity: '', serverName, why };
}

/** By `name` or `namespace/name`; else the first that serves a service of that name. */
function findWorkload(snapshot: MeshSnapshot, text: string): Workload | undefined {
  const [namespace, name] = placed(text);
  const own = snapshot.workloads.get(workloadKey({ namespace, name }));
  if (own !== undefined) return own;
  const service = findService(snapshot, resolveHost(snapshot, name, namespace), namespace);
  if (service === undefined) return undefined;
  const endpoint = snapshot.endpoints
    .get(`${service.namespace}/${service.hostname}`)
    ?.find(({ workload }) => workload !== '');
  return endpoint && snapshot.workloads.get(workloadKey({ namespace: endpoint.namespace, name: endpoint.workload }));
}

/** A gateway that is connected; without a namespace, one of `default` before those of others. */
function findGateway({ proxies }: AuthzWorld, text: string): MeshProxy | undefined {
  const [namespace, name] = placed(text);
  const named = proxies.filter((proxy) => proxy.role === 'gateway' && proxy.name === name);
  return named.find((proxy) => proxy.namespace === namespace) ?? (text.includes('/') ? undefined : named[0]);
}

function placed(text: string): [namespace: string, name: string] {
  const [first = '', second] = text.split('/');
  return second === undefined ? ['default', first] : [first, second];
}

/** As it called itself; where it is not connected, as it would. */
function proxyOf({ proxies }: AuthzWorld, workload: Workload): MeshProxy {
  const { namespace, name, labels, serviceAccount, addresses, locality } = workload;
  const connected = proxies.find(
    (proxy) => proxy.role === 'sidecar' && proxy.name === name && proxy.namespace === namespace,
  );
  return {
    ...(connected ?? { role: 'sidecar', traffic: 'explicit', upstreams: [], dialled: [] }),
    id: connected?.id ?? `${namespace}/${name}`,
    namespace,
    name,
    labels,
    serviceAccount,
    addresses,
    locality,
  };
}
