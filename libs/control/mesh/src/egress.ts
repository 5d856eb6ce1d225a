import type { SidecarEgress } from '@weft/api-kube';
import { declared } from './declared-hosts.ts';
import { declaredProtocol, type Protocol } from './protocol.ts';
import type { MeshProxy } from './proxy.ts';
import type { MeshService } from './service.ts';
import type { MeshSnapshot } from './snapshot.ts';
import type { BoundVirtualService } from './virtual-service.ts';

/** The services that some of a proxy's listeners are for, and who steers calls there, oldest first. */
export interface EgressPart {
  readonly services: readonly MeshService[];
  readonly virtualServices: readonly BoundVirtualService[];
}

/** A port that a Sidecar names. */
export interface EgressPort {
  /** 0: of a Unix socket. */
  readonly number: number;
  readonly protocol: Protocol;
  /** Clients name host and port of each request: all ports of the services can be called. Unix sockets too. */
  readonly anyPort: boolean;
}

/** A listener that stands in a Sidecar with a port or an address of its own. Source: Sidecar.egress. */
export interface EgressListener extends EgressPart {
  /** Its place in `egress`. */
  readonly index: number;
  /** An IP address or `unix:///path`; `''`: the addresses of the services. */
  readonly bind: string;
  /** Programs connect to it; else connections to its addresses are redirected. */
  readonly bound: boolean;
  /** Undefined: the ports of its services, and what they speak. */
  readonly port: EgressPort | undefined;
}

const UNIX = 'unix://';
const LOOPBACK = '127.0.0.1';

type Caller = Pick<MeshProxy, 'namespace' | 'traffic'>;

/** What of a Sidecar's egress is for any address and port, and what is not. */
export function egressOf(
  snapshot: MeshSnapshot,
  proxy: Caller,
  sidecar: {
    readonly egress: readonly SidecarEgress[];
    readonly virtualServices: readonly BoundVirtualService[];
  },
): { readonly captured: EgressPart; readonly listeners: readonly EgressListener[] } {
  const listeners: EgressListener[] = [];
  let captured: EgressPart = { services: [], virtualServices: [] };
  for (const [index, egress] of sidecar.egress.entries()) {
    const { hosts, bind = '', captureMode } = egress;
    const found = declared(snapshot, proxy, { hosts, virtualServices: sidecar.virtualServices });
    const { virtualServices } = found;
    const port = portOf(egress);
    const asked = captureMode === 'NONE' || bind !== '';
    if (port === undefined && !asked) {
      captured = { services: found.services, virtualServices };
      continue;
    }
    const bound = proxy.traffic !== 'capture' || captureMode === 'NONE' || bind.startsWith(UNIX);
    const services = port === undefined || port.anyPort ? found.named : havingPort(found.named, port.number);
    const address = bind === '' && bound ? LOOPBACK : bind;
    listeners.push({ index, bind: address, bound, port, services, virtualServices });
  }
  return { captured, listeners: proxy.traffic === 'grpc' ? [] : listeners };
}

function portOf({ port }: SidecarEgress): EgressPort | undefined {
  if (port === undefined) return undefined;
  const { number = 0, protocol } = port;
  // A proxy in the older sense: `GET http://host:port/`.
  const isProxy = protocol?.toUpperCase() === 'HTTP_PROXY';
  const spoken = isProxy ? 'http' : (declaredProtocol(protocol) ?? 'auto');
  return { number, protocol: spoken, anyPort: isProxy || number === 0 };
}

function havingPort(services: readonly MeshService[], wanted: number): MeshService[] {
  return services.filter(({ ports }) => ports.some(({ number }) => number === wanted));
}
