import type { Report } from '../report.ts';
import type { GRPCRouteSpec, HTTPRouteSpec, ServiceProfileSpec } from '../types/index.ts';
import { checkRegex } from './words.ts';

interface TypedMatch {
  readonly type?: string;
  readonly value?: string;
}

/** Regular expressions of routes are RE2, as everywhere in the mesh. */
export function checkHttpRoute({ rules = [] }: HTTPRouteSpec, report: Report): void {
  for (const [i, { matches = [] }] of rules.entries()) {
    for (const [j, { path, headers = [], queryParams = [] }] of matches.entries()) {
      const here = `spec.rules[${i}].matches[${j}]`;
      checkTyped(path, `${here}.path`, report);
      for (const [k, header] of headers.entries()) checkTyped(header, `${here}.headers[${k}]`, report);
      for (const [k, parameter] of queryParams.entries()) checkTyped(parameter, `${here}.queryParams[${k}]`, report);
    }
  }
}

export function checkGrpcRoute({ rules = [] }: GRPCRouteSpec, report: Report): void {
  for (const [i, { matches = [] }] of rules.entries()) {
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

export function checkServiceProfile({ routes = [] }: ServiceProfileSpec, report: Report): void {
  for (const [i, { condition }] of routes.entries())
    checkRegex(condition.pathRegex, `spec.routes[${i}].condition.pathRegex`, report);
}

function checkTyped(match: TypedMatch | undefined, path: string, report: Report): void {
  if (match?.type === 'RegularExpression') checkRegex(match.value, `${path}.value`, report);
}
