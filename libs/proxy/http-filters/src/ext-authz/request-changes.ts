import type { CheckOutcome } from '@weft/proxy-ext-authz';
import type { FilterStream } from '@weft/proxy-filter-api';
import type { ExtAuthzConfig } from './config.ts';
import { applyChanges } from './header-changes.ts';
import { changeQuery } from './query-changes.ts';
import { faultOf, isValidName } from './validate-outcome.ts';

/**
 * Makes the request what the service wants it to be, and has its route looked for anew where that is configured. Says what is
 * wrong with it then; undefined where nothing is.
 */
export function changeRequest(
  outcome: Extract<CheckOutcome, { kind: 'ok' }>,
  config: ExtAuthzConfig,
  stream: FilterStream,
): string | undefined {
  const { changes, remove, setQuery, removeQuery } = outcome;
  const { requestHeaders: headers } = stream;
  if (clearsRoute(outcome, config)) stream.clearRouteCache();
  applyChanges(changes, headers, 'request');
  for (const written of remove) {
    const name = written.toLowerCase();
    // Without these a request is none.
    if (name.startsWith(':') || name === 'host' || (config.validateMutations && !isValidName(name))) continue;
    headers.remove(name);
  }
  if (setQuery.length + removeQuery.length > 0) headers.path = changeQuery(headers.path, setQuery, removeQuery);
  return faultOf(changes, headers.path);
}

function clearsRoute(
  { changes, remove, setQuery, removeQuery }: Extract<CheckOutcome, { kind: 'ok' }>,
  { clearRouteCache, clearRouteCacheHeaders: only }: ExtAuthzConfig,
): boolean {
  if (!clearRouteCache) return false;
  if (setQuery.length + removeQuery.length > 0) return true;
  const changed = [...changes.map(({ name }) => name), ...remove];
  return only.size === 0 ? changed.length > 0 : changed.some((name) => only.has(name.toLowerCase()));
}
