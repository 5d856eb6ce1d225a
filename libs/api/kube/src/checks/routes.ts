import type { Report } from '../report.ts';
import type { GRPCRouteSpec, HTTPRouteSpec, ServiceProfileSpec } from '../types/index.ts';
import { checkDuration } from './durations.ts';
import { checkRemoval, checkText } from './headers.ts';
import { checkRegex } from './words.ts';

/** What 32 bits hold. */
const MOST = 0xffff_ffff;

interface TypedMatch {
  readonly type?: string;
  readonly value?: string;
}

/** Regular expressions of routes are RE2, as everywhere in the mesh. */
export function checkHttpRoute({ rules = [] }: HTTPRouteSpec, report: Report): void {
  for (const [i, { matches = [], filters = [], backendRefs = [], retry }] of rules.entries()) {
    checkFilters(filters, `spec.rules[${i}]`, report);
    if (retry !== undefined && retry.attempts > MOST)
      report(`spec.rules[${i}].retry.attempts`, `${retry.attempts} is too large`, { expected: `at most ${MOST}` });
    checkDuration(retry?.backoff, `spec.rules[${i}].retry.backoff`, report, 1);
    for (const [j, ref] of backendRefs.entries())
      checkFilters(ref.filters ?? [], `spec.rules[${i}].backendRefs[${j}]`, report);
    for (const [j, { path, headers = [], queryParams = [] }] of matches.entries()) {
      const here = `spec.rules[${i}].matches[${j}]`;
      checkTyped(path, `${here}.path`, report);
      for (const [k, header] of headers.entries()) checkTyped(header, `${here}.headers[${k}]`, report);
      for (const [k, parameter] of queryParams.entries()) checkTyped(parameter, `${here}.queryParams[${k}]`, report);
    }
  }
}

export function checkGrpcRoute({ rules = [] }: GRPCRouteSpec, report: Report): void {
  for (const [i, { matches = [], filters = [], backendRefs = [] }] of rules.entries()) {
    checkFilters(filters, `spec.rules[${i}]`, report);
    for (const [j, ref] of backendRefs.entries())
      checkFilters(ref.filters ?? [], `spec.rules[${i}].backendRefs[${j}]`, report);
    for (const [j, { method, headers = [] }] of matches.entries()) {
      const here = `spec.rules[${i}].matches[${j}]`;
      if (method?.type === 'RegularExpression') {
        checkRegex(method.service, `${here}.method.service`, report);
        checkRegex(method.method, `${here}.method.method`, report);
      }
      for (const [k, header] of headers.entries()) checkTyped(header, `${here}.headers[${k}]`, report);
    }
  }
}

export function checkServiceProfile({ routes = [], retryBudget }: ServiceProfileSpec, report: Report): void {
  for (const [i, { condition, timeout }] of routes.entries()) {
    const place = `spec.routes[${i}].condition.pathRegex`;
    checkRegex(condition.pathRegex, place, report);
    if (condition.pathRegex === '') report(place, 'is empty', { expected: 'an expression; ".*" takes every path' });
    checkDuration(timeout, `spec.routes[${i}].timeout`, report);
  }
  const { retryRatio = 0, minRetriesPerSecond = 0 } = retryBudget ?? {};
  if (retryRatio < 0 || retryRatio > 1)
    report('spec.retryBudget.retryRatio', `${retryRatio} is no share`, { expected: '0 to 1' });
  if (minRetriesPerSecond < 0)
    report('spec.retryBudget.minRetriesPerSecond', `${minRetriesPerSecond} is too small`, { expected: 'at least 0' });
}

interface PathFilter {
  readonly path?: { readonly replaceFullPath?: string; readonly replacePrefixMatch?: string };
}

interface HeaderFilter {
  readonly requestRedirect?: PathFilter;
  readonly urlRewrite?: PathFilter;
  readonly requestHeaderModifier?: { readonly remove?: readonly string[] };
  readonly responseHeaderModifier?: { readonly remove?: readonly string[] };
}

/** Values are literal, and their form is the schema's to say; what is removed is any text to it. */
function checkFilters(filters: readonly HeaderFilter[], path: string, report: Report): void {
  for (const [i, { requestRedirect, urlRewrite }] of filters.entries())
    for (const [key, filter] of Object.entries({ requestRedirect, urlRewrite }))
      for (const field of ['replaceFullPath', 'replacePrefixMatch'] as const)
        checkText(filter?.path?.[field], `${path}.filters[${i}].${key}.path.${field}`, report);
  for (const [i, filter] of filters.entries())
    for (const key of ['requestHeaderModifier', 'responseHeaderModifier'] as const)
      for (const [j, name] of (filter[key]?.remove ?? []).entries())
        checkRemoval(name, `${path}.filters[${i}].${key}.remove[${j}]`, report);
}

function checkTyped(match: TypedMatch | undefined, path: string, report: Report): void {
  if (match?.type === 'RegularExpression') checkRegex(match.value, `${path}.value`, report);
}
