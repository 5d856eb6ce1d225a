import type { Message } from '@bufbuild/protobuf';
import { DecodeContext, sourceNamed, type FaultSink } from '@weft/api-envoy';
import type { ClientStatusRequest } from '@weft/api-envoy/gen/envoy/service/status/v3/csds_pb';
import type { NodeMatcher } from '@weft/api-envoy/gen/envoy/type/matcher/v3/node_pb';
import { GRPC_STATUS, type GrpcServerCall, type GrpcServerReceiver, type GrpcServices } from '@weft/core-grpc';
import { decodeStringMatcher, type StringMatcher } from '@weft/model-match';
import { makeMessage, readMessage, writeMessage } from './messages.ts';
import type { ProxyStatus, SyncState, TypeStatus } from './proxy-status.ts';
import type { Caller } from './stream-context.ts';

const SERVICE = '/envoy.service.status.v3.ClientStatusDiscoveryService';

/** ConfigStatus of csds.proto. */
const CONFIG_STATUS: Readonly<Record<SyncState, number>> = {
  SYNCED: 1,
  NOT_SENT: 2,
  STALE: 3,
  NEVER_ACKNOWLEDGED: 3,
  NACKED: 4,
};

/** Whoever asks for the status of proxies, by what its connection proves. */
export type StatusCaller = Pick<Caller, 'metadata' | 'peerCertificate'>;

/**
 * envoy.service.status.v3.ClientStatusDiscoveryService over what the server knows of its proxies: one entry for each type, as Istio
 * gives it, without the resources themselves. Nodes are chosen by id; matchers on metadata are refused. `status` gives what the
 * caller may see. A caller that asks more often than it reads gets the newest answer only.
 */
export function clientStatusService(status: (caller: StatusCaller) => readonly ProxyStatus[]): GrpcServices {
  return new Map([
    [`${SERVICE}/StreamClientStatus`, (call: GrpcServerCall) => new StatusStream(call, status, false)],
    [`${SERVICE}/FetchClientStatus`, (call: GrpcServerCall) => new StatusStream(call, status, true)],
  ]);
}

class StatusStream implements GrpcServerReceiver {
  private readonly call: GrpcServerCall;
  private readonly status: (caller: StatusCaller) => readonly ProxyStatus[];
  private readonly once: boolean;
  private full = false;
  private ended = false;
  /** What was asked for while nothing more could be sent. */
  private asked: readonly StringMatcher[] | undefined;

  constructor(call: GrpcServerCall, status: (caller: StatusCaller) => readonly ProxyStatus[], once: boolean) {
    this.call = call;
    this.status = status;
    this.once = once;
  }

  onMessage(octets: Uint8Array): void {
    const request = readMessage<ClientStatusRequest>('envoy.service.status.v3.ClientStatusRequest', octets);
    const chosen = request === undefined ? 'the message is no ClientStatusRequest' : readMatchers(request.nodeMatchers);
    if (typeof chosen === 'string') return this.call.end({ code: GRPC_STATUS.INVALID_ARGUMENT, message: chosen });
    if (this.full) this.asked = chosen;
    else this.answer(chosen);
  }

  onHalfClose(): void {
    this.ended = true;
    if (this.asked === undefined) this.call.end();
  }

  onDrain(): void {
    this.full = false;
    if (this.asked === undefined) return;
    this.answer(this.asked);
    if (this.ended) this.call.end();
  }

  onCancelled(): void {
    this.asked = undefined;
  }

  private answer(chosen: readonly StringMatcher[]): void {
    this.asked = undefined;
    this.full = !this.call.send(writeMessage(statusResponse(this.status(this.call), chosen)));
    if (this.once) this.call.end();
  }
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
