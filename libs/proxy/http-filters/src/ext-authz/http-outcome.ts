import type { ResponseHeaderMap } from '@weft/core-http';
import { CHECK_FAILED, type CheckOutcome, type HeaderChange } from '@weft/proxy-ext-authz';
import type { HttpServiceConfig, NameTest } from './config.ts';

const OK = 200;
/** Names of headers that the request loses. Taken out of the answer. */
const REMOVE = 'x-envoy-auth-headers-to-remove';

/** What the answer of an HTTP service means: 200 allows, 5xx is none, everything else denies. */
export function outcomeOf(head: ResponseHeaderMap, body: Buffer, config: HttpServiceConfig): CheckOutcome {
  if (head.status >= 500) return CHECK_FAILED;
  const remove = head
    .getAll(REMOVE)
    .flatMap((list) => list.split(','))
    .flatMap((name) => name.trim().toLowerCase() || []);
  head.remove(REMOVE);
  const more = { dynamicMetadata: metadataOf(head, config.dynamicMetadata), invalidAction: false };
  if (head.status !== OK)
    return { ...more, kind: 'denied', status: head.status, changes: changes(head, config.client, APPEND), body };
  return {
    ...more,
    kind: 'ok',
    changes: [...changes(head, config.upstream, SET), ...changes(head, config.upstreamAppend, APPEND)],
    remove,
    responseChanges: changes(head, config.clientOnSuccess, APPEND),
    setQuery: [],
    removeQuery: [],
  };
}

const SET = 'OVERWRITE_IF_EXISTS_OR_ADD' as const;
const APPEND = 'APPEND_IF_EXISTS_OR_ADD' as const;

function changes(head: ResponseHeaderMap, wanted: NameTest, action: HeaderChange['action']): HeaderChange[] {
  return [...head].filter(([name]) => wanted(name)).map(([name, value]) => ({ name, value, action }));
}

function metadataOf(head: ResponseHeaderMap, wanted: NameTest): CheckOutcome['dynamicMetadata'] {
  const chosen = [...head].filter(([name]) => wanted(name));
  return chosen.length === 0 ? undefined : Object.fromEntries(chosen);
}
