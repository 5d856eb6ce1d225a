import { joinPath, type ConfigNode } from '@weft/core-config-text';
import type { Report } from './report.ts';

/**
 * The fields of a kind's spec that Weft implements: dotted paths without list places and map keys (`http.route.weight`).
 * `http.match.*` takes in all that is below, `trafficPolicy.loadBalancer.simple=ROUND_ROBIN|UNSPECIFIED` only these values;
 * a value that ends in `*` is a prefix.
 * The fields above a listed one are listed by it. A field that is not to come is listed with why.
 */
export type FieldSupport = readonly (string | RefusedField)[];

/** A field that is refused, and not because it comes later. */
export interface RefusedField {
  /** A dotted path, as of one that is implemented. */
  readonly field: string;
  /** Behind its name: `is of no use: …`. */
  readonly why: string;
}

/** By `group/kind` (`networking.istio.io/VirtualService`, `/Service`). A kind that is not listed is not implemented at all. */
export type KindSupport = Readonly<Record<string, FieldSupport>>;

const LATER = 'comes with a later version of Weft';

interface Branch {
  readonly fields: Map<string, Branch>;
  all: boolean;
  values?: ReadonlySet<string>;
  /** Refused for this reason. */
  why?: string;
}

/** Reports every field that is written and not implemented, by name; what is below such a field is not reported. */
export class SupportCheck {
  private readonly kinds: ReadonlyMap<string, Branch>;

  constructor(support: KindSupport) {
    this.kinds = new Map(Object.entries(support).map(([kind, fields]) => [kind, branchOf(fields)]));
  }

  /** `written` as it was, without defaults; `path`: where it stands in its document. */
  report(kind: string, written: ConfigNode | undefined, report: Report, path = 'spec'): void {
    const branch = this.kinds.get(kind);
    if (branch === undefined) report('kind', `${kind.slice(kind.indexOf('/') + 1)} ${LATER}`);
    else if (written !== undefined) below(written, branch, path, report);
  }
}

function below(node: ConfigNode, branch: Branch, path: string, report: Report): void {
  if (branch.all) return;
  if (node.kind === 'list') {
    for (const [index, item] of node.items.entries()) below(item, branch, joinPath(path, index), report);
    return;
  }
  if (node.kind === 'scalar') {
    if (branch.values !== undefined && !isOneOf(node.text, branch.values))
      report(path, `the value ${node.text} ${LATER}`, { expected: [...branch.values].join(', ') });
    return;
  }
  for (const [key, { value }] of node.entries) {
    const field = branch.fields.get(key);
    const here = joinPath(path, key);
    if (field !== undefined && field.why === undefined) below(value, field, here, report);
    else report(here, `the field "${key}" ${field?.why ?? LATER}`, { atKey: true });
  }
}

function isOneOf(text: string, values: ReadonlySet<string>): boolean {
  if (values.has(text)) return true;
  return [...values].some((value) => value.endsWith('*') && text.startsWith(value.slice(0, -1)));
}

function branchOf(paths: FieldSupport): Branch {
  const root: Branch = { fields: new Map(), all: false };
  for (const path of paths) {
    const [way = '', values] = typeof path === 'string' ? path.split('=') : [path.field];
    let branch = root;
    for (const name of way.split('.')) {
      if (name === '*') branch.all = true;
      else {
        const next: Branch = branch.fields.get(name) ?? { fields: new Map(), all: false };
        branch.fields.set(name, next);
        branch = next;
      }
    }
    if (values !== undefined) branch.values = new Set(values.split('|'));
    if (typeof path !== 'string') branch.why = path.why;
  }
  return root;
}
