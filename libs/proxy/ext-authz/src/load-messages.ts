import { fromJson, toBinary } from '@bufbuild/protobuf';
import { registry } from '@weft/api-envoy';
import { encodeCheckRequest } from './check-request.encode.ts';
import { decodeCheckResponse } from './check-response.decode.ts';
import type { CheckAttributes, Peer } from './check-attributes.ts';

const PEER: Peer = {
  address: { ip: '127.0.0.1', port: 1, text: '127.0.0.1:1' },
  service: '',
  principal: '',
  certificate: '',
  labels: { a: 'b' },
};

const REQUEST: CheckAttributes = {
  source: PEER,
  destination: PEER,
  request: {
    startWallMs: 1,
    http: {
      id: '1',
      method: 'GET',
      path: '/',
      host: 'a',
      scheme: 'http',
      sizeBytes: 0,
      protocol: 'HTTP/1.1',
      headers: [['a', 'b']],
      rawHeaders: true,
      body: undefined,
      bodyAsBytes: false,
    },
  },
  contextExtensions: {},
  metadata: { a: { b: 'c' } },
  routeMetadata: {},
  sni: '',
};

/**
 * Reads what questions and answers need of the API. Called when a filter is made: it takes a quarter of a second the first
 * time, which would be more than the first question has for its answer.
 */
export function loadMessages(): void {
  encodeCheckRequest(REQUEST);
  const desc = registry().getMessage('envoy.service.auth.v3.CheckResponse')!;
  const options = { registry: registry() };
  const headers = [{ header: { key: 'a', value: 'b' }, append: true }];
  for (const answer of [
    { status: { code: 0 }, okResponse: { headers }, dynamicMetadata: { a: 'b' } },
    { status: { code: 7 }, deniedResponse: { status: { code: 403 }, headers } },
  ])
    decodeCheckResponse(toBinary(desc, fromJson(desc, answer, options)));
}
