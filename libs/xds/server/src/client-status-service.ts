import type { Message } from '@bufbuild/protobuf';
import { DecodeContext, sourceNamed, type FaultSink } from '@weft/api-envoy';
import type { ClientStatusRequest } from '@weft/api-envoy/gen/envoy/service/status/v3/csds_pb';
import type { NodeMatcher } from '@weft/api-envoy/gen/envoy/type/matcher/v3/node_pb';
import { GRPC_STATUS, type GrpcHandler, type GrpcServices } from '@weft/core-grpc';
import { decodeStringMatcher, type StringMatcher } from '@weft/model-match';
import { makeMessage, readMessage, writeMessage } from './messages.ts';
import type { ProxyStatus, SyncState, TypeStatus } from './proxy-status.ts';

const SERVICE = '/envoy.service.status.v3.ClientStatusDiscoveryService';

/** ConfigStatus of csds.proto. */
const CONFIG_STATUS: Readonly<Record<SyncState, number>> = {
  SYNCED: 1,
  NOT_SENT: 2,
  STALE: 3,
  NEVER_ACKNOWLEDGED: 3,
  NACKED: 4,
};

/**
 * envoy.service.status.v3.ClientStatusDiscoveryService over what the server knows of its proxies: one entry for each type, as Istio
 * gives it, without the resources themselves. Nodes are chosen by id; matchers on metadata are refused.
 */
export function clientStatusService(status: () => readonly ProxyStatus[]): GrpcServices {
  const handler =
    (once: boolean): GrpcHandler =>
    (call) => ({
      onMessage: (octets) => {
        const request = readMessage<ClientStatusRequest>('envoy.service.status.v3.ClientStatusRequest', octets);
        const chosen =
          request === undefined ? 'the message is no ClientStatusRequest' : readMatchers(request.nodeMatchers);
        if (typeof chosen === 'string') return call.end({ code: GRPC_STATUS.INVALID_ARGUMENT, message: chosen });
        call.send(writeMessage(statusResponse(status(), chosen)));
        if (once) call.end();
      },
      onHalfClose: () => call.end(),
      onCancelled: () => undefined,
    });
  return new Map([
    [`${SERVICE}/StreamClientStatus`, handler(false)],
    [`${SERVICE}/FetchClientStatus`, handler(true)],
  ]);
}

/** The matchers, or what is wrong with them. */
function readMatchers(matchers: readonly NodeMatcher[]): readonly StringMatcher[] | string {
  const sink: FaultSink = { faults: [], warnings: [] };
  const cx = new DecodeContext(sourceNamed('ClientStatusRequest'), sink);
  const read: StringMatcher[] = [];
  for (const { nodeId, nodeMetadatas } of matchers) {
    if (nodeMetadatas.length > 0) return 'node_metadatas is not supported: match by node_id';
    const matcher = nodeId === undefined ? undefined : decodeStringMatcher(nodeId, cx);
    if (matcher !== undefined) read.push(matcher);
  }
  return sink.faults.length > 0 ? sink.faults.map(({ message }) => message).join('; ') : read;
}

function statusResponse(proxies: readonly ProxyStatus[], matchers: readonly StringMatcher[]): Message {
  const byNode = new Map<string, object[]>();
  for (const { node, types } of proxies) {
    if (node === undefined) continue;
    if (matchers.length > 0 && !matchers.some((matcher) => matcher.matches(node.id))) continue;
    byNode.set(node.id, [...(byNode.get(node.id) ?? []), ...types.map(genericConfig)]);
  }
  const config = [...byNode].map(([id, genericXdsConfigs]) => ({ node: { id }, genericXdsConfigs }));
  return makeMessage('envoy.service.status.v3.ClientStatusResponse', { config });
}

function genericConfig({ typeUrl, state, versionAcknowledged, sentMs, error }: TypeStatus): object {
  const at = sentMs === undefined ? {} : { lastUpdated: timestamp(sentMs) };
  return {
    typeUrl,
    versionInfo: versionAcknowledged,
    configStatus: CONFIG_STATUS[state],
    ...at,
    ...(error === undefined ? {} : { errorState: { details: error, lastUpdateAttempt: timestamp(sentMs ?? 0) } }),
  };
}

function timestamp(ms: number): object {
  return { seconds: BigInt(Math.floor(ms / 1000)), nanos: Math.floor(ms % 1000) * 1e6 };
}
