import type { Message } from '@bufbuild/protobuf';
import type { Node } from '@weft/api-envoy/gen/envoy/config/core/v3/base_pb';
import { GRPC_STATUS, type GrpcHandler, type GrpcServerCall } from '@weft/core-grpc';
import { readMessage, writeMessage } from './messages.ts';
import { decodeNode } from './node.decode.ts';
import type { XdsNode } from './node.ts';
import type { Admit } from './stream-context.ts';

/** One open stream on which a proxy reports. */
export interface ReportStream {
  readonly node: XdsNode;
  /** Where the proxy does not read, only the newest message waits. */
  send(message: Message): void;
}

export interface ReportMethod<T extends Message> {
  readonly typeName: T['$typeName'];
  /** The node, which only the first message must have. */
  readonly nodeOf: (message: T) => Node | undefined;
  readonly onOpen?: (stream: ReportStream, message: T) => void;
  readonly onMessage: (node: XdsNode, message: T) => void;
  readonly onClose?: (stream: ReportStream) => void;
  /** Sent when the proxy has no more to say. */
  readonly farewell?: () => Message;
}

/**
 * Answers a method on which proxies say who they are once and then report. `admit` is asked once, with what they say and what
 * their connection proves; default: everybody may report for everybody.
 */
export function reportHandler<T extends Message>(method: ReportMethod<T>, admit: Admit = () => undefined): GrpcHandler {
  return (call) => {
    let stream: OpenStream | undefined;
    const close = (): void => {
      if (stream !== undefined) method.onClose?.(stream);
      stream = undefined;
    };
    const refuse = (code: number, message: string): void => {
      close();
      call.end({ code, message });
    };
    return {
      onMessage: (octets) => {
        const message = readMessage<T>(method.typeName, octets);
        if (message === undefined) return refuse(GRPC_STATUS.INVALID_ARGUMENT, `the message is no ${method.typeName}`);
        const said = method.nodeOf(message);
        if (stream === undefined) {
          if (said === undefined)
            return refuse(GRPC_STATUS.INVALID_ARGUMENT, 'the first message of a stream must name its node');
          const node = decodeNode(said);
          const refusal = admit({ node, peerCertificate: call.peerCertificate, metadata: call.metadata });
          if (refusal !== undefined) return refuse(GRPC_STATUS.UNAUTHENTICATED, refusal);
          stream = new OpenStream(node, call);
          method.onOpen?.(stream, message);
        }
        // It was admitted under its first name.
        if (said !== undefined && said.id !== '' && said.id !== stream.node.id)
          return refuse(
            GRPC_STATUS.INVALID_ARGUMENT,
            `the node is ${said.id}, and the stream began as ${stream.node.id}`,
          );
        method.onMessage(stream.node, message);
      },
      onHalfClose: () => {
        close();
        if (method.farewell !== undefined) call.send(writeMessage(method.farewell()));
        call.end();
      },
      onDrain: () => stream?.drained(),
      onCancelled: close,
    };
  };
}

class OpenStream implements ReportStream {
  readonly node: XdsNode;
  private readonly call: GrpcServerCall;
  private full = false;
  private waiting: Message | undefined;

  constructor(node: XdsNode, call: GrpcServerCall) {
    this.node = node;
    this.call = call;
  }

  send(message: Message): void {
    if (this.full) this.waiting = message;
    else this.full = !this.call.send(writeMessage(message));
  }

  drained(): void {
    this.full = false;
    const { waiting } = this;
    this.waiting = undefined;
    if (waiting !== undefined) this.send(waiting);
  }
}
