import { parseIp, type CidrRange, type IpAddress } from '@weft/model-match';
import type { FilterChainMatch } from './listener.ts';

/** What filter chains are matched on. */
export interface ConnectionFacts {
  /** Unix sockets have no IP address: their path is matched as 255.255.255.255, as in Envoy. */
  readonly destinationIp: string;
  readonly destinationPort: number;
  /** SNI in lower case; `''` where none was seen. */
  readonly serverName: string;
  /** `tls` or `raw_buffer`, as listener filters found; `''` where none looked. */
  readonly transportProtocol: string;
  /** In the client's order. */
  readonly applicationProtocols: readonly string[];
  /** The peer of the socket. */
  readonly directSourceIp: string;
  /** The client, after the PROXY protocol spoke. */
  readonly sourceIp: string;
  readonly sourcePort: number;
}

interface Matched {
  readonly match: FilterChainMatch;
}

const NO_IP = parseIp('255.255.255.255') as IpAddress;
/** The place of chains that do not ask for the criterion. */
const ANY = '';

/** One decision. At most one of its branches is taken: what is most specific wins for good, and nothing goes back. */
class Node<C> {
  readonly exact = new Map<string, Node<C>>();
  /** Longest prefix first. */
  readonly ranges: { readonly range: CidrRange; readonly node: Node<C> }[] = [];
  chain: C | undefined;

  /** The branch of `key`, made where there is none. */
  branch(key: string | CidrRange): Node<C> {
    if (typeof key !== 'string') return this.rangeBranch(key);
    let node = this.exact.get(key);
    if (node === undefined) {
      node = new Node();
      this.exact.set(key, node);
    }
    return node;
  }

  /** The most specific range with the address. Without any range: the chains that take all. */
  inRange(address: IpAddress): Node<C> | undefined {
    for (const { range, node } of this.ranges) if (range.contains(address)) return node;
    return this.exact.get(ANY);
  }

  private rangeBranch(range: CidrRange): Node<C> {
    const known = this.ranges.find((entry) => entry.range.network === range.network);
    if (known !== undefined) return known.node;
    const node = new Node<C>();
    this.ranges.push({ range, node });
    this.ranges.sort((a, b) => b.range.length - a.range.length);
    return node;
  }
}

type Keys = readonly (string | CidrRange)[];

/** What a chain asks for at each decision, in Envoy's order. */
function keysOf(match: FilterChainMatch): Keys[] {
  const anyIf = (keys: Keys): Keys => (keys.length === 0 ? [ANY] : keys);
  return [
    [match.destinationPort === undefined ? ANY : String(match.destinationPort)],
    anyIf(match.prefixRanges),
    anyIf(match.serverNames),
    [match.transportProtocol],
    anyIf(match.applicationProtocols),
    anyIf(match.directSourcePrefixRanges),
    [match.sourceType],
    anyIf(match.sourcePrefixRanges),
    anyIf(match.sourcePorts.map(String)),
  ];
}

/**
 * Filter chains, compiled to a tree of decisions: destination port, destination IP, server name, transport protocol,
 * application protocols, direct source IP, source type, source IP, source port. Each takes the most specific branch that
 * the connection fits, and a dead end is the default chain's. Source: FilterChainMatch v3.
 */
export class FilterChainTable<C extends Matched> {
  /** Chains (by index, the earlier first) that ask for the same somewhere. One that asks twice overlaps with itself. */
  readonly overlaps: readonly (readonly [number, number])[];
  private readonly root = new Node<C>();
  /** The chain of a listener that has one, which takes all: nearly every one. */
  readonly only: C | undefined;
  private readonly otherwise: C | undefined;

  constructor(chains: readonly C[], otherwise: C | undefined) {
    this.otherwise = otherwise;
    const overlaps: [number, number][] = [];
    chains.forEach((chain, i) => {
      const other = this.add(chain, keysOf(chain.match), this.root);
      if (other !== undefined) overlaps.push([chains.indexOf(other), i]);
    });
    this.overlaps = overlaps;
    const [first] = chains;
    if (chains.length === 1 && first !== undefined && takesAll(first.match)) this.only = first;
  }

  find(facts: ConnectionFacts): C | undefined {
    if (this.only !== undefined) return this.only;
    const byPort = this.root.exact.get(String(facts.destinationPort)) ?? this.root.exact.get(ANY);
    return byDestination(byPort, facts) ?? this.otherwise;
  }

  /** The chain that is in the place already, where there is one. */
  private add(chain: C, [keys, ...rest]: Keys[], node: Node<C>): C | undefined {
    if (keys === undefined) {
      if (node.chain !== undefined) return node.chain;
      node.chain = chain;
      return undefined;
    }
    let other: C | undefined;
    for (const key of keys) other ??= this.add(chain, rest, node.branch(key));
    return other;
  }
}

function takesAll(match: FilterChainMatch): boolean {
  const [ports, ...rest] = keysOf(match);
  return ports?.[0] === ANY && rest.every((keys) => keys[0] === ANY || keys[0] === 'ANY');
}

function byDestination<C>(node: Node<C> | undefined, facts: ConnectionFacts): C | undefined {
  const destination = needsAddress(node) ? (parseIp(facts.destinationIp) ?? NO_IP) : NO_IP;
  const named = byServerName(node?.inRange(destination), facts.serverName);
  const carried = named?.exact.get(facts.transportProtocol) ?? named?.exact.get(ANY);
  const spoken = byApplicationProtocol(carried, facts.applicationProtocols);
  return bySource(spoken, facts);
}

function needsAddress(node: Node<unknown> | undefined): boolean {
  return node !== undefined && node.ranges.length > 0;
}

/** The name itself, then ever shorter wildcards, then chains for any name. */
function byServerName<C>(node: Node<C> | undefined, name: string): Node<C> | undefined {
  if (node === undefined) return undefined;
  const exact = node.exact.get(name);
  if (exact !== undefined) return exact;
  for (let dot = name.indexOf('.', 1); dot !== -1 && dot < name.length - 1; dot = name.indexOf('.', dot + 1)) {
    const wildcard = node.exact.get(name.slice(dot));
    if (wildcard !== undefined) return wildcard;
  }
  return node.exact.get(ANY);
}

function byApplicationProtocol<C>(node: Node<C> | undefined, protocols: readonly string[]): Node<C> | undefined {
  for (const protocol of protocols) {
    const found = node?.exact.get(protocol);
    if (found !== undefined) return found;
  }
  return node?.exact.get(ANY);
}

function bySource<C>(node: Node<C> | undefined, facts: ConnectionFacts): C | undefined {
  const direct = needsAddress(node) ? (parseIp(facts.directSourceIp) ?? NO_IP) : NO_IP;
  const typed = bySourceType(node?.inRange(direct), facts);
  const source = needsAddress(typed) ? (parseIp(facts.sourceIp) ?? NO_IP) : NO_IP;
  const ported = typed?.inRange(source);
  return (ported?.exact.get(String(facts.sourcePort)) ?? ported?.exact.get(ANY))?.chain;
}

function bySourceType<C>(node: Node<C> | undefined, facts: ConnectionFacts): Node<C> | undefined {
  const local = node?.exact.get('SAME_IP_OR_LOOPBACK');
  const external = node?.exact.get('EXTERNAL');
  if (local === undefined && external === undefined) return node?.exact.get('ANY');
  return (isLocal(facts) ? local : external) ?? node?.exact.get('ANY');
}

function isLocal({ sourceIp, destinationIp }: ConnectionFacts): boolean {
  // Paths of Unix sockets are no addresses: whoever connects there is on this machine.
  return (
    sourceIp === destinationIp || sourceIp === '127.0.0.1' || sourceIp === '::1' || parseIp(sourceIp) === undefined
  );
}
