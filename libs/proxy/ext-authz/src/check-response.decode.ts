import { fromBinary } from '@bufbuild/protobuf';
import { registry } from '@weft/api-envoy';
import type { HeaderValue, HeaderValueOption } from '@weft/api-envoy/gen/envoy/config/core/v3/base_pb';
import type {
  CheckResponse,
  DeniedHttpResponse,
  OkHttpResponse,
} from '@weft/api-envoy/gen/envoy/service/auth/v3/external_auth_pb';
import { wireText } from '@weft/model-match';
import type { AppendAction } from '@weft/model-policy';
import type { CheckOutcome, HeaderChange } from './check-outcome.ts';

const RESPONSE = 'envoy.service.auth.v3.CheckResponse';
const FORBIDDEN = 403;

/** Envoy's enum by number. */
const ACTIONS: readonly AppendAction[] = [
  'APPEND_IF_EXISTS_OR_ADD',
  'ADD_IF_ABSENT',
  'OVERWRITE_IF_EXISTS_OR_ADD',
  'OVERWRITE_IF_EXISTS',
];

/** What a service answered; undefined where the octets are no CheckResponse. */
export function decodeCheckResponse(octets: Uint8Array): CheckOutcome | undefined {
  let response: CheckResponse;
  try {
    response = fromBinary(registry().getMessage(RESPONSE)!, octets) as CheckResponse;
  } catch {
    return undefined;
  }
  const { status, httpResponse } = response;
  const more = { dynamicMetadata: metadataOf(response), invalidAction: hasInvalidAction(response) };
  if ((status?.code ?? 0) === 0)
    return { ...more, kind: 'ok', ...okOf(httpResponse.case === 'okResponse' ? httpResponse.value : undefined) };
  if (httpResponse.case === 'errorResponse') return { ...more, kind: 'error', ...replyOf(httpResponse.value, 0) };
  const denied = httpResponse.case === 'deniedResponse' ? httpResponse.value : undefined;
  return { ...more, kind: 'denied', ...replyOf(denied, FORBIDDEN) };
}

function okOf(
  ok: OkHttpResponse | undefined,
): Omit<Extract<CheckOutcome, { kind: 'ok' }>, 'kind' | 'dynamicMetadata' | 'invalidAction'> {
  return {
    changes: ok?.headers.map(requestChangeOf) ?? [],
    remove: ok?.headersToRemove.map(wireText) ?? [],
    responseChanges: ok?.responseHeadersToAdd.flatMap(responseChangeOf) ?? [],
    setQuery: ok?.queryParametersToSet.map(({ key, value }) => [wireText(key), wireText(value)] as const) ?? [],
    removeQuery: ok?.queryParametersToRemove.map(wireText) ?? [],
  };
}

function replyOf(
  reply: DeniedHttpResponse | undefined,
  otherwise: number,
): { readonly status: number; readonly changes: readonly HeaderChange[]; readonly body: Buffer } {
  const code = reply?.status?.code ?? 0;
  return {
    status: code > 0 ? code : otherwise,
    changes: reply?.headers.flatMap(replyChangeOf) ?? [],
    body: Buffer.from(reply?.body ?? ''),
  };
}

/** Of a request's headers only `append` decides; a header that is not there is appended to nowhere. */
function requestChangeOf({ header, append }: HeaderValueOption): HeaderChange {
  return { ...fieldOf(header), action: append === true ? 'APPEND_IF_EXISTS' : 'OVERWRITE_IF_EXISTS_OR_ADD' };
}

/** `append` came before `append_action`, and still decides where it is set. */
function responseChangeOf({ header, append, appendAction }: HeaderValueOption): HeaderChange[] {
  const field = fieldOf(header);
  if (append !== undefined)
    return [{ ...field, action: append ? 'APPEND_IF_EXISTS_OR_ADD' : 'OVERWRITE_IF_EXISTS_OR_ADD' }];
  const action = ACTIONS[appendAction];
  return action === undefined ? [] : [{ ...field, action }];
}

/** An answer of the service's own has every header that it lists, but those that are to be appended: there is nothing yet. */
function replyChangeOf({ header, append }: HeaderValueOption): HeaderChange[] {
  return append === true ? [] : [{ ...fieldOf(header), action: 'APPEND_IF_EXISTS_OR_ADD' }];
}

function fieldOf(header: HeaderValue | undefined): { readonly name: string; readonly value: string } {
  return { name: wireText(header?.key ?? ''), value: wireText(header?.value ?? '') };
}

function hasInvalidAction({ httpResponse }: CheckResponse): boolean {
  const { case: kind, value } = httpResponse;
  if (kind !== 'okResponse') return false;
  return value.responseHeadersToAdd.some(
    ({ append, appendAction }) => append === undefined && ACTIONS[appendAction] === undefined,
  );
}

/** The older field in ok_response wins where it is set. */
function metadataOf({ httpResponse, dynamicMetadata }: CheckResponse): CheckOutcome['dynamicMetadata'] {
  const older = httpResponse.case === 'okResponse' ? httpResponse.value.dynamicMetadata : undefined;
  const chosen = older ?? dynamicMetadata;
  return chosen === undefined || Object.keys(chosen).length === 0 ? undefined : chosen;
}
