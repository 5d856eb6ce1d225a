import type {
  VirtualServiceHttp,
  VirtualServiceHttpMatch,
  VirtualServiceSpec,
  VirtualServiceStringMatch,
} from '@weft/api-kube';
import { gatewayNames } from './gateway-names.ts';
import type { MeshObject } from './object.ts';
import { isVisible } from './snapshot.ts';

type VirtualService = MeshObject<VirtualServiceSpec>;
type StringMatch = VirtualServiceStringMatch | undefined;

/** A rule as it is asked, and who wrote where it leads: names in its destinations are read in that one's namespace. */
export interface BoundHttpRule {
  readonly rule: VirtualServiceHttp;
  readonly by: VirtualService;
}

/** Why a rule with `delegate`, or one that it would take, is left out. */
export interface DelegateFault {
  /** Of the VirtualService that delegates: `spec.http[0].delegate`. */
  readonly path: string;
  readonly kind: 'missing' | 'has-hosts' | 'not-exported' | 'contradicts';
  readonly message: string;
}

/** What `delegatedRules` finds. */
export interface DelegatedRules {
  readonly http: readonly BoundHttpRule[];
  readonly faults: readonly DelegateFault[];
}

/** Who has a delegate of a name. */
export type FindVirtualService = (namespace: string, name: string) => VirtualService | undefined;

/** A VirtualService without hosts acts only where another one delegates to it. Source: VirtualService.http.delegate. */
export function isDelegate({ spec }: VirtualService): boolean {
  return (spec.hosts ?? []).length === 0;
}

/** The HTTP rules of a VirtualService, each that delegates replaced by those of its delegate, in order; one level deep. */
export function delegatedRules(root: VirtualService, find: FindVirtualService): DelegatedRules {
  const faults: DelegateFault[] = [];
  const http = (root.spec.http ?? []).flatMap((rule, i): BoundHttpRule[] => {
    if (rule.delegate === undefined) return [{ rule, by: root }];
    const path = `spec.http[${i}].delegate`;
    const found = delegateOf(root, rule.delegate, find);
    if ('kind' in found) {
      faults.push({ path, ...found });
      return [];
    }
    const outer = withFullGateways(rule, root);
    return (found.spec.http ?? []).flatMap((leaf, j): BoundHttpRule[] => {
      const merged = mergedRule(outer, withFullGateways(leaf, found));
      if (merged !== undefined) return [{ rule: merged, by: found }];
      const message = `rule ${ruleName(leaf, j)} of the delegate ${nameOf(found)} matches what this rule does not`;
      faults.push({ path, kind: 'contradicts', message });
      return [];
    });
  });
  return { http, faults };
}

function delegateOf(
  root: VirtualService,
  { name = '', namespace = root.ref.namespace }: NonNullable<VirtualServiceHttp['delegate']>,
  find: FindVirtualService,
): VirtualService | Omit<DelegateFault, 'path'> {
  const found = find(namespace, name);
  const text = `${namespace}/${name}`;
  if (found === undefined) return { kind: 'missing', message: `there is no VirtualService ${text} to delegate to` };
  if (!isDelegate(found))
    return { kind: 'has-hosts', message: `VirtualService ${text} has hosts, and so is nobody's delegate` };
  const { exportTo } = found.spec;
  if (!isVisible({ namespace, exportTo }, root.ref.namespace))
    return {
      kind: 'not-exported',
      message: `VirtualService ${text} is not exported to the namespace ${root.ref.namespace}`,
    };
  return found;
}

function nameOf({ ref }: VirtualService): string {
  return `${ref.namespace}/${ref.name}`;
}

function ruleName({ name }: VirtualServiceHttp, index: number): string {
  return name === undefined || name === '' ? `number ${index + 1}` : `"${name}"`;
}

/** Names of gateways are read where they are written. */
function withFullGateways(rule: VirtualServiceHttp, { ref }: VirtualService): VirtualServiceHttp {
  if (rule.match === undefined) return rule;
  const match = rule.match.map((one) =>
    (one.gateways ?? []).length === 0 ? one : { ...one, gateways: gatewayNames(one.gateways, ref.namespace) },
  );
  return { ...rule, match };
}

/** What a rule of a delegate takes over where it says nothing itself. */
const INHERITED = ['rewrite', 'timeout', 'retries', 'fault', 'mirror', 'mirror_percent', 'mirrorPercent', 'mirrorPercentage',
  'mirrors', 'corsPolicy', 'headers'] as const satisfies readonly (keyof VirtualServiceHttp)[]; // prettier-ignore

/** Undefined where the matches contradict each other. */
function mergedRule(root: VirtualServiceHttp, leaf: VirtualServiceHttp): VirtualServiceHttp | undefined {
  const match = mergedMatches(root.match ?? [], leaf.match ?? []);
  if (match === undefined) return undefined;
  const inherited = Object.fromEntries(INHERITED.map((key) => [key, leaf[key] ?? root[key]]));
  return withoutUndefined({ ...leaf, ...inherited, name: joined(root.name, leaf.name), match });
}

/** Each match of the leaf with each of the root that does not contradict it; every one of the leaf needs one such. */
function mergedMatches(
  roots: readonly VirtualServiceHttpMatch[],
  leaves: readonly VirtualServiceHttpMatch[],
): readonly VirtualServiceHttpMatch[] | undefined {
  if (roots.length === 0) return leaves;
  if (leaves.length === 0) return roots;
  const merged = leaves.map((leaf) =>
    roots.filter((root) => !contradicts(root, leaf)).map((root) => mergedMatch(root, leaf)),
  );
  return merged.some((list) => list.length === 0) ? undefined : merged.flat();
}

function mergedMatch(root: VirtualServiceHttpMatch, leaf: VirtualServiceHttpMatch): VirtualServiceHttpMatch {
  const gateways = (leaf.gateways ?? []).length > 0 ? leaf.gateways : root.gateways;
  return withoutUndefined({
    ...root,
    ...leaf,
    name: joined(root.name, leaf.name),
    headers: both(root.headers, leaf.headers),
    withoutHeaders: both(root.withoutHeaders, leaf.withoutHeaders),
    queryParams: both(root.queryParams, leaf.queryParams),
    sourceLabels: both(root.sourceLabels, leaf.sourceLabels),
    gateways,
  });
}

function both<T>(
  root: Readonly<Record<string, T>> | undefined,
  leaf: Readonly<Record<string, T>> | undefined,
): Readonly<Record<string, T>> | undefined {
  return root === undefined ? leaf : { ...root, ...leaf };
}

function joined(root: string | undefined, leaf: string | undefined): string | undefined {
  const parts = [root, leaf].filter((part) => part !== undefined && part !== '');
  return parts.length === 0 ? undefined : parts.join('-');
}

function withoutUndefined<T extends object>(value: { [K in keyof T]: T[K] | undefined }): T {
  return Object.fromEntries(Object.entries(value).filter(([, one]) => one !== undefined)) as T;
}

/** True where the leaf asks for what the root does not give. Source: Istio, conditions under which a delegate's rule is ignored. */
function contradicts(root: VirtualServiceHttpMatch, leaf: VirtualServiceHttpMatch): boolean {
  const texts = (['uri', 'scheme', 'method', 'authority'] as const).some((key) => widens(root[key], leaf[key]));
  const maps = (['headers', 'withoutHeaders', 'queryParams'] as const).some((key) =>
    Object.entries(leaf[key] ?? {}).some(([name, text]) => widens(root[key]?.[name], text)),
  );
  const cases = (root.ignoreUriCase ?? false) !== (leaf.ignoreUriCase ?? false);
  const ports = root.port !== undefined && leaf.port !== undefined && root.port !== leaf.port;
  const { sourceNamespace = '' } = root;
  const namespaces = sourceNamespace !== '' && leaf.sourceNamespace !== sourceNamespace;
  const labels = Object.entries(leaf.sourceLabels ?? {}).some(
    ([name, value]) => (root.sourceLabels?.[name] ?? value) !== value,
  );
  return texts || maps || cases || ports || namespaces || labels || foreignGateways(root, leaf);
}

function foreignGateways({ gateways: root = [] }: VirtualServiceHttpMatch, leaf: VirtualServiceHttpMatch): boolean {
  return root.length > 0 && (leaf.gateways ?? []).some((name) => !root.includes(name));
}

/** True where the leaf's condition takes in what the root's does not, or where nobody can tell: regular expressions. */
function widens(root: StringMatch, leaf: StringMatch): boolean {
  if (root === undefined || leaf === undefined) return false;
  const begin = root.prefix ?? '';
  if (root.exact !== undefined && root.exact !== '') return leaf.exact !== root.exact;
  if (begin === '' || (root.regex ?? leaf.regex ?? '') !== '') return true;
  const text = leaf.prefix ?? leaf.exact ?? '';
  return text === '' || !text.startsWith(begin);
}
