import { DecodeContext, sourceNamed, type FaultSink } from '@weft/api-envoy';
import type { ClientStatusRequest } from '@weft/api-envoy/gen/envoy/service/status/v3/csds_pb';
import { GRPC_STATUS, type GrpcServerCall, type GrpcServerReceiver, type GrpcServices } from '@weft/core-grpc';
import { clientStatusResponse } from './client-config.ts';
import { readMessage, writeMessage } from './messages.ts';
import { decodeNodeMatcher, type NodeMatcher } from './node-matcher.decode.ts';
import type { ProxyStatus } from './proxy-status.ts';
import type { Caller } from './stream-context.ts';

const SERVICE = '/envoy.service.status.v3.ClientStatusDiscoveryService';

/** What a request wants to know. */
interface Wish {
  /** Any of these; none: every node. */
  readonly matchers: readonly NodeMatcher[];
  readonly contents: boolean;
}

/** Whoever asks for the status of proxies, by what its connection proves. */
export type StatusCaller = Pick<Caller, 'metadata' | 'peerCertificate'>;

/**
 * envoy.service.status.v3.ClientStatusDiscoveryService over what the server knows of its proxies: their types and the resources
 * of each, as far as they fit into one message. `status` gives what the caller may see. A caller that asks more often than it
 * reads gets the newest answer only.
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
  private asked: Wish | undefined;

  constructor(call: GrpcServerCall, status: (caller: StatusCaller) => readonly ProxyStatus[], once: boolean) {
    this.call = call;
    this.status = status;
    this.once = once;
  }

  onMessage(octets: Uint8Array): void {
    const request = readMessage<ClientStatusRequest>('envoy.service.status.v3.ClientStatusRequest', octets);
    const wish = request === undefined ? 'the message is no ClientStatusRequest' : readWish(request);
    if (typeof wish === 'string') return this.call.end({ code: GRPC_STATUS.INVALID_ARGUMENT, message: wish });
    if (this.full) this.asked = wish;
    else this.answer(wish);
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

  private answer({ matchers, contents }: Wish): void {
    this.asked = undefined;
    const chosen = this.status(this.call).filter(
      ({ node }) => node !== undefined && (matchers.length === 0 || matchers.some((matches) => matches(node))),
    );
    this.full = !this.call.send(writeMessage(clientStatusResponse(chosen, contents)));
    if (this.once) this.call.end();
  }
}

/** What is asked for, or what is wrong with it. */
function readWish({ nodeMatchers, excludeResourceContents }: ClientStatusRequest): Wish | string {
  const sink: FaultSink = { faults: [], warnings: [] };
  const cx = new DecodeContext(sourceNamed('ClientStatusRequest'), sink).at('node_matchers');
  const matchers = nodeMatchers.map((message, i) => decodeNodeMatcher(message, cx.at(i)));
  if (sink.faults.length > 0) return sink.faults.map(({ path, message }) => `${path}: ${message}`).join('; ');
  return { matchers, contents: !excludeResourceContents };
}
