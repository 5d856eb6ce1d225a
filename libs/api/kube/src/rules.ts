import { Environment } from '@marcbachmann/cel-js';
import type { SchemaRule } from './schema.ts';

/** What a rule is compiled to depends on its text alone, and the schemas have all there are: nothing of a mesh is in either. */
const environment = new Environment({ unlistedVariablesAreDyn: true });
const compiled = new Map<string, ((context: Record<string, unknown>) => unknown) | undefined>();
const DNS_SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
/** What the API server's library has and CEL itself does not; the expression asks whether the text breaks the format. */
const SUBDOMAIN_CALL = /!format\.dns1123Subdomain\(\)\.validate\((self\.split\('\/'\)\[0\])\)\.hasValue\(\)/;

const INDEXED_HAS = /\bhas\(([\w.]+\[\d+\])\.(\w+)\)/g;

/** Says what the rules of a schema find wrong with a value. A rule that cannot be evaluated on it is not kept by it. */
export function brokenRules(rules: readonly SchemaRule[], self: unknown): string[] {
  return rules
    .filter(({ rule }) => !holds(rule, self))
    .map(({ rule, message }) => message ?? `breaks the rule ${rule}`);
}

function holds(rule: string, self: unknown): boolean {
  // Rules of transition need the version before; a text has none.
  if (rule.includes('oldSelf')) return true;
  if (!compiled.has(rule)) compiled.set(rule, compile(rule));
  const evaluate = compiled.get(rule);
  if (evaluate === undefined) return true;
  try {
    return (
      evaluate({ self, isSubdomain: typeof self === 'string' && DNS_SUBDOMAIN.test(self.split('/')[0] ?? '') }) === true
    );
  } catch {
    return false;
  }
}

function compile(rule: string): ((context: Record<string, unknown>) => unknown) | undefined {
  const text = rule
    // How a field is written whose name CEL reserves.
    .replaceAll('__namespace__', 'namespace')
    // This evaluator's has() takes names only.
    .replaceAll(INDEXED_HAS, "('$2' in $1)")
    // RE2's flags hold to the end; JavaScript's for a group alone.
    .replaceAll(/\^\(\?i\)(.*?)\$"""/g, '^(?i:$1)$"""')
    .replace(SUBDOMAIN_CALL, 'isSubdomain');
  return environment.parse(text);
}
