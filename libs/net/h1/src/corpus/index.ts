import type { RequestCase, ResponseCase } from './case.ts';
import { CHUNK_CASES, CODING_CASES } from './codings.ts';
import { CONNECTION_CASES } from './connections.ts';
import { FIELD_CASES, HOST_CASES, LINE_CASES } from './heads.ts';
import { LENGTH_CASES } from './lengths.ts';
import { BAD_RESPONSES, GOOD_RESPONSES } from './responses.ts';

export type { CorpusOption, RequestCase, ResponseCase, SeenRequest } from './case.ts';

/** Everything that a client may send at a server codec or a whole proxy, topic by topic. */
// prettier-ignore
export const REQUEST_CORPUS: readonly RequestCase[] = [
  ...LENGTH_CASES,
  ...CODING_CASES,
  ...CHUNK_CASES,
  ...FIELD_CASES,
  ...LINE_CASES,
  ...HOST_CASES,
  ...CONNECTION_CASES,
];

/** Everything that an upstream may send at a client codec or a whole proxy. */
export const RESPONSE_CORPUS: readonly ResponseCase[] = [...GOOD_RESPONSES, ...BAD_RESPONSES];
