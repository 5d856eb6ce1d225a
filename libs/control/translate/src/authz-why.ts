import { apiGatewayOf, authorizationFor, type MeshProxy, type MeshSnapshot, type ObjectRef } from '@weft/control-mesh';
import { isIP } from 'node:net';
import { cidrRange } from './authorization-match.ts';
import { decideRequest, type Decision, type SeenRequest } from './authz-decision.ts';
import { findCaller, findTarget, waysOf, type Caller, type Target, type Way } from './authz-parties.ts';
import { TranslateContext } from './context.ts';

/**
 * Who asks whom for what. Workloads and gateways by `name`, `namespace/name`, or the service they serve; a source also by
 * `spiffe://…` or by its address.
 */
export interface AuthzQuestion {
  readonly source: string;
  readonly destination: string;
  readonly method: string;
  readonly path: string;
  /** The port that clients know. Default: the destination's first. */
  readonly port?: number;
  /** The Host of the request. Default: the destination's service. */
  readonly host?: string;
  /** Further headers, `[name, value, …]`. */
  readonly headers?: readonly string[];
}

export interface AuthzAnswer extends Decision {
  /** Why it cannot be told; `allowed` is then what holds for one of the cases. */
  readonly undecided?: string;
  /** `''`: the destination sees none. */
  readonly sourceIdentity: string;
  /** Why it sees none. */
  readonly sourceWhy: string | undefined;
  readonly destination: { readonly namespace: string; readonly name: string; readonly port: number };
  /** Of the port: a mode of PeerAuthentication; at a gateway that of its server. */
  readonly mtls: string;
  /** What is judged: each request, or each connection when it is made. */
  readonly judged: 'requests' | 'connections';
  /** The resource that says so. */
  readonly mtlsBy: ObjectRef | undefined;
}

/**
 * What the proxy of `destination` would say to the request, and every rule it would ask. A text: nobody knows who that is.
 * `proxies`: those that are connected; gateways are known by that alone.
 */
export function authzWhy(
  snapshot: MeshSnapshot,
  question: AuthzQuestion,
  proxies: readonly MeshProxy[] = [],
): AuthzAnswer | string {
  const world = { snapshot, proxies };
  const target = findTarget(world, question.destination);
  if (target === undefined)
    return `there is no workload or service "${question.destination}", and no gateway of that name is connected`;
  const caller = findCaller(world, question.source);
  if (caller === undefined)
    return `there is no workload or service "${question.source}", no gateway of that name is connected, and it is no spiffe:// identity and no address`;
  const port = question.port === undefined ? target.ports[0] : target.ports.find((one) => one.port === question.port);
  if (port === undefined)
    return `"${question.destination}" has no port${question.port === undefined ? '' : ` ${question.port}`}`;
  const { namespace, name } = target.proxy;
  const base = {
    sourceIdentity: caller.identity,
    sourceWhy: undefined,
    destination: { namespace, name, port: port.port },
    mtls: port.mtls,
    mtlsBy: port.mtlsBy,
    judged: port.kind === 'http' ? ('requests' as const) : ('connections' as const),
  };
  const host = question.host ?? port.host;
  const ways = waysOf(world, caller, target, { ...port, host });
  if (typeof ways === 'string')
    return { ...base, allowed: false, reason: ways, undecided: ways, rule: undefined, tried: [] };
  const { method, path, headers = [] } = question;
  const seen = { listenPort: port.listenPort, method, path, host, headers };
  return { ...base, ...decideAll(new TranslateContext(snapshot, target.proxy), { caller, target, ways, seen }) };
}

interface Case {
  readonly caller: Caller;
  readonly target: Target;
  readonly ways: readonly Way[];
  readonly seen: Omit<SeenRequest, 'kind' | 'identity' | 'serverName' | 'address'>;
}

type Verdict = Decision & Pick<AuthzAnswer, 'sourceIdentity' | 'sourceWhy' | 'undecided'>;

/** One verdict where all ways and addresses agree; else why it cannot be told. */
function decideAll(cx: TranslateContext, { caller, target, ways, seen }: Case): Verdict {
  const addresses = addressesOf(cx, caller, target);
  const all = ways.flatMap((way) =>
    (way.refused === undefined ? addresses : addresses.slice(0, 1)).map((address) => {
      const { identity, serverName, kind, why, refused } = way;
      const decided: Decision =
        refused === undefined
          ? decideRequest(cx, { ...seen, kind, identity, serverName, address })
          : { allowed: false, reason: refused, rule: undefined, tried: [] };
      return { way, verdict: { ...decided, sourceIdentity: identity, sourceWhy: why } };
    }),
  );
  const [first, ...others] = all;
  if (first === undefined) throw new Error('there is no way');
  const other = others.find(({ verdict }) => verdict.allowed !== first.verdict.allowed);
  if (other === undefined) return first.verdict;
  return { ...first.verdict, undecided: undecidedBy(caller, first.way === other.way, [first.way, other.way]) };
}

function undecidedBy(caller: Caller, sameWay: boolean, ways: readonly Way[]): string {
  if (!sameWay) {
    const [one = '', another = ''] = ways.map(
      ({ refused, why, serverName }) => refused ?? why ?? `with mutual TLS to ${serverName}`,
    );
    return `the caller reaches subsets of the service in different ways (${one}; ${another})`;
  }
  if (caller.addresses.length > 1)
    return `policies ask for the caller's address, and ${caller.text} has several: ${caller.addresses.join(', ')}`;
  return `policies ask for the caller's address, and nobody knows that of ${caller.text}`;
}

/**
 * Where the call comes from. To a loopback address nobody calls from elsewhere. Of a caller whose address nobody knows, the edges
 * of every range that policies name stand for all that can make a difference.
 */
function addressesOf(cx: TranslateContext, { addresses }: Caller, { proxy }: Target): readonly string[] {
  const loopback = proxy.addresses.filter((address) => address.startsWith('127.') || address === '::1');
  if (proxy.role === 'sidecar' && loopback.length > 0 && loopback.length === proxy.addresses.length)
    return [loopback.some((address) => address.startsWith('127.')) ? '127.0.0.1' : '::1'];
  return addresses.length > 0 ? addresses : ['0.0.0.0', ...rangesOf(cx).flatMap(edges)];
}

function rangesOf({ snapshot, proxy }: TranslateContext): string[] {
  const { namespace, labels } = proxy;
  const { custom, deny, allow } = authorizationFor(snapshot, { namespace, labels, gateways: apiGatewayOf(proxy) });
  return [...custom, ...deny, ...allow].flatMap(({ spec }) =>
    (spec.rules ?? []).flatMap(({ from = [], when = [] }) => [
      ...from.flatMap(({ source = {} }) => [
        ...(source.ipBlocks ?? []),
        ...(source.notIpBlocks ?? []),
        ...(source.remoteIpBlocks ?? []),
        ...(source.notRemoteIpBlocks ?? []),
      ]),
      ...when.flatMap(({ key, values = [], notValues = [] }) =>
        key === 'source.ip' || key === 'remote.ip' ? [...values, ...notValues] : [],
      ),
    ]),
  );
}

/** The first and the last address of a range, IPv6 by its first alone. */
function edges(range: string): string[] {
  const { addressPrefix = '', prefixLen } = cidrRange(range);
  if (isIP(addressPrefix) !== 4) return isIP(addressPrefix) === 0 ? [] : [addressPrefix];
  const size = 2 ** (32 - Number(prefixLen));
  const number = addressPrefix.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
  const first = Math.floor(number / size) * size;
  return [first, first + size - 1].map((at) =>
    [24, 16, 8, 0].map((shift) => Math.floor(at / 2 ** shift) % 256).join('.'),
  );
}
