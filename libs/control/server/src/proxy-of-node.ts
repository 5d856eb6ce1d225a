import type { MeshProxy, ProxyUpstream } from '@weft/control-mesh';
import type { XdsNode } from '@weft/xds-server';

/** Istio's node types. */
const ROLES: ReadonlyMap<string, MeshProxy['role']> = new Map([
  ['sidecar', 'sidecar'],
  ['router', 'gateway'],
  ['gateway', 'gateway'],
  ['waypoint', 'waypoint'],
]);

/**
 * Who a proxy is, from its node. The id has Istio's form `sidecar~10.0.0.7~videos-api-1.default~default.svc.cluster.local`;
 * the metadata is Istio's (`NAMESPACE`, `WORKLOAD_NAME`, `LABELS`, `SERVICE_ACCOUNT`, `INTERCEPTION_MODE`, `GENERATOR`) and our `UPSTREAMS`.
 * Undefined where the id has another form: such a proxy can be given nothing.
 */
export function proxyOfNode({ id, metadata, locality }: XdsNode, onDemand = false): MeshProxy | undefined {
  const [type, address = '', qualified = ''] = id.split('~');
  const role = ROLES.get(type ?? '');
  if (role === undefined || qualified === '') return undefined;
  const dot = qualified.lastIndexOf('.');
  const namespace = textOf(metadata['NAMESPACE']) || namespaceOfId(id);
  const name = textOf(metadata['WORKLOAD_NAME']) || (dot < 0 ? qualified : qualified.slice(0, dot));
  const addresses = textsOf(metadata['INSTANCE_IPS']);
  const { region, zone, subZone } = locality;
  return {
    id,
    role,
    namespace,
    name,
    labels: labelsOf(metadata['LABELS']),
    serviceAccount: textOf(metadata['SERVICE_ACCOUNT']) || 'default',
    addresses: addresses.length > 0 ? addresses : address === '' ? [] : [address],
    traffic: trafficOf(metadata),
    upstreams: upstreamsOf(metadata['UPSTREAMS']),
    dialled: [],
    onDemand,
    locality: region === '' ? '' : [region, zone, subZone].filter((part) => part !== '').join('/'),
  };
}

/** The namespace that the id itself names. */
export function namespaceOfId(id: string): string {
  const qualified = id.split('~')[2] ?? '';
  const dot = qualified.lastIndexOf('.');
  return dot < 0 ? 'default' : qualified.slice(dot + 1);
}

/** A gRPC program says so by Istio's `GENERATOR`. */
function trafficOf(metadata: XdsNode['metadata']): MeshProxy['traffic'] {
  if (textOf(metadata['GENERATOR']) === 'grpc') return 'grpc';
  return textOf(metadata['INTERCEPTION_MODE']) === 'NONE' ? 'explicit' : 'capture';
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** A list, or Istio's text joined by commas. */
function textsOf(value: unknown): string[] {
  const list: unknown[] = Array.isArray(value) ? value : textOf(value).split(',');
  return list.map(textOf).filter((text) => text !== '');
}

function labelsOf(value: unknown): Readonly<Record<string, string>> {
  if (value === null || typeof value !== 'object') return {};
  return Object.fromEntries(
    Object.entries(value).filter((pair): pair is [string, string] => typeof pair[1] === 'string'),
  );
}

/** `[{ host, port, localPort, localAddress? }]`; what has another form is left out. */
function upstreamsOf(value: unknown): ProxyUpstream[] {
  if (!Array.isArray(value)) return [];
  return (value as readonly unknown[]).flatMap((one): ProxyUpstream[] => {
    if (one === null || typeof one !== 'object') return [];
    const { host, port, localPort, localAddress } = one as Readonly<Record<string, unknown>>;
    if (typeof host !== 'string' || typeof port !== 'number' || typeof localPort !== 'number') return [];
    return [{ host, port, localPort, ...(typeof localAddress === 'string' ? { localAddress } : {}) }];
  });
}
