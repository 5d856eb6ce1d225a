import type { VirtualServiceHttpMatch, VirtualServiceStringMatch } from '@weft/api-kube';
import type { Analysis } from '../analysis.ts';

type StringMatch = VirtualServiceStringMatch | undefined;

/** HTTP rules that no request reaches, because rules before them take all. The first rule that matches wins. */
export function checkVirtualServiceRules(analysis: Analysis): void {
  for (const object of analysis.of('networking.istio.io/VirtualService')) {
    const rules = (object.spec.http ?? []).map(({ match = [], name }, index) => ({
      matches: match.length === 0 ? [{}] : match,
      title: name === undefined ? `number ${index + 1}` : `"${name}"`,
    }));
    for (const [i, { matches, title }] of rules.entries()) {
      const earlier = rules.slice(0, i);
      const taken = matches.map((match) => earlier.find((rule) => rule.matches.some((other) => covers(other, match))));
      if (taken.length > 0 && taken.every((rule) => rule !== undefined)) {
        const by = [...new Set(taken.map((rule) => rule.title))].join(', ');
        analysis.report(
          'IST0130',
          { object, path: `spec.http[${i}]` },
          `Rule ${title} is never used: rule ${by} comes first and takes every request of it.`,
          'put the more specific rule first, or delete this one',
        );
        continue;
      }
      for (const [j, rule] of taken.entries())
        if (rule !== undefined)
          analysis.report(
            'IST0131',
            { object, path: `spec.http[${i}].match[${j}]` },
            `Match number ${j + 1} of rule ${title} is never used: rule ${rule.title} takes every request of it.`,
            'delete the match, or put the rule first',
          );
    }
  }
}

/** True where `wide` certainly takes every request that `narrow` takes. */
function covers(wide: VirtualServiceHttpMatch, narrow: VirtualServiceHttpMatch): boolean {
  for (const key of ['uri', 'scheme', 'method', 'authority'] as const)
    if (!coversText(wide[key], narrow[key], key === 'uri' && wide.ignoreUriCase === true)) return false;
  if (narrow.ignoreUriCase === true && wide.ignoreUriCase !== true && wide.uri !== undefined && wide.uri.prefix !== '/')
    return false;
  for (const key of ['headers', 'queryParams'] as const)
    for (const [name, text] of Object.entries(wide[key] ?? {})) {
      const other = narrow[key]?.[name];
      // A match without any condition asks only whether the header is there.
      if (other === undefined || (Object.keys(text).length > 0 && !coversText(text, other, false))) return false;
    }
  const rest = ({ withoutHeaders, port, sourceNamespace, gateways }: VirtualServiceHttpMatch) => ({
    withoutHeaders,
    port,
    sourceNamespace,
    gateways,
  });
  const narrowRest = rest(narrow) as Readonly<Record<string, unknown>>;
  for (const [key, value] of Object.entries(rest(wide)))
    if (value !== undefined && JSON.stringify(value) !== JSON.stringify(narrowRest[key])) return false;
  return Object.entries(wide.sourceLabels ?? {}).every(([key, value]) => narrow.sourceLabels?.[key] === value);
}

function coversText(wide: StringMatch, narrow: StringMatch, ignoreCase: boolean): boolean {
  if (wide === undefined || wide.prefix === '' || wide.regex === '.*') return true;
  if (narrow === undefined) return wide.prefix === '/';
  const fold = (text: string): string => (ignoreCase ? text.toLowerCase() : text);
  if (wide.prefix === '/' && narrow.regex !== undefined) return true;
  if (wide.regex !== undefined) return wide.regex === narrow.regex;
  if (wide.exact !== undefined) return narrow.exact !== undefined && fold(wide.exact) === fold(narrow.exact);
  const begin = narrow.exact ?? narrow.prefix;
  return wide.prefix !== undefined && begin !== undefined && fold(begin).startsWith(fold(wide.prefix));
}
