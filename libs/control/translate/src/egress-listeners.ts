import { isHttp, type EgressListener, type MeshService, type ServicePort } from '@weft/control-mesh';
import type { TranslateContext } from './context.ts';
import { placeListeners, type ListenerPlace } from './outbound-listeners.ts';
import { httpPorts, portRoutes } from './outbound-routes.ts';
import type { ResourceDraft } from './resources.ts';

/**
 * Listeners that a Sidecar asks for at ports or addresses of their own, each with its routes. Of two for one address the first
 * stands, before those for all else; an explicit upstream has its place before any. Source: Sidecar.egress.
 */
export function egressListeners(cx: TranslateContext, draft: ResourceDraft): void {
  if (cx.proxy.role !== 'sidecar' || cx.scope.listeners.length === 0) return;
  const upstreams = cx.proxy.upstreams.map(
    ({ localAddress = '127.0.0.1', localPort }) => `${localAddress}_${localPort}`,
  );
  const names = new Set([...draft.listeners.map(({ name }) => name), ...upstreams]);
  for (const egress of cx.scope.listeners) {
    const place = placeOf(cx.within(egress), egress);
    const made = placeListeners(place, names);
    draft.listeners.push(...made);
    if (made.length > 0) addRoutes(place, egress, draft);
  }
}

function placeOf(cx: TranslateContext, { bind, bound, port }: EgressListener): ListenerPlace {
  const routes = (number: number): string => {
    if (bind === '') return String(number);
    return bind.startsWith('unix://') ? bind : `${bind}_${number}`;
  };
  if (port === undefined) return { cx, bind, bound, routes, portsOf: ({ ports }) => ports };
  const { number, protocol, anyPort } = port;
  const portsOf = ({ ports }: MeshService): readonly ServicePort[] => {
    const meant = anyPort ? spokenTo(ports, isHttp(protocol)) : ports.find((one) => one.number === number);
    return meant === undefined ? [] : [{ ...meant, protocol }];
  };
  return { cx, bind, bound, routes, portsOf, number };
}

/** Requests say themselves which port they mean; bytes go to the first. */
function spokenTo(ports: readonly ServicePort[], inHttp: boolean): ServicePort | undefined {
  return inHttp ? ports.find((port) => httpPorts([{ ports: [port] }]).length > 0) : ports[0];
}

/** One for each port at which requests arrive. */
function addRoutes(place: ListenerPlace, { port, bound }: EgressListener, draft: ResourceDraft): void {
  const spoken = place.cx.scope.services.map((service) => ({ ports: place.portsOf(service) }));
  const numbers = httpPorts(spoken);
  for (const number of port === undefined ? numbers : numbers.length > 0 ? [port.number] : []) {
    const name = place.routes(number);
    if (draft.routes.some((one) => one.name === name)) continue;
    const called = port?.anyPort === true ? undefined : number;
    draft.routes.push(portRoutes(place.cx, { name, port: called, isHttp: port !== undefined, bound }));
  }
}
