import type { RequestHeaderMap } from '@weft/core-http';
import { normalizePath } from './normalize-path.ts';
import type { HcmConfig } from './config.ts';

/**
 * Rewrites a request's path as the configuration asks: dot segments resolved, slashes merged. False where it cannot be
 * done and the request has to be refused.
 */
export function applyPathRules(headers: RequestHeaderMap, config: HcmConfig): boolean {
  const { normalizePath: normalize, mergeSlashes } = config;
  if (!normalize && !mergeSlashes) return true;
  const path = headers.path.startsWith('/') ? normalizePath(headers.path, { normalize, mergeSlashes }) : headers.path;
  if (path !== undefined) headers.path = path;
  return path !== undefined;
}
