import type { Message } from '@bufbuild/protobuf';
import type { Node } from '@weft/api-envoy/gen/envoy/config/core/v3/base_pb';
import { GRPC_STATUS, type GrpcHandler, type GrpcServerCall } from '@weft/core-grpc';
import { readMessage, writeMessage } from './messages.ts';
import { decodeNode } from './node.decode.ts';
import type { XdsNode } from './node.ts';

/** One open stream on which a proxy reports. */
export interface ReportStream {
  readonly node: XdsNode;
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

/** Answers a method on which proxies say who they are once and then report. */
export function reportHandler<T extends Message>(method: ReportMethod<T>): GrpcHandler {
  return (call) => {
    let stream: ReportStream | undefined;
    const close = (): void => {
      if (stream !== undefined) method.onClose?.(stream);
      stream = undefined;
    };
    return {
      onMessage: (octets) => {
        const message = readMessage<T>(method.typeName, octets);
        if (message === undefined) return refuse(call, close, `the message is no ${method.typeName}`);
        if (stream === undefined) {
          const node = method.nodeOf(message);
          if (node === undefined) return refuse(call, close, 'the first message of a stream must name its node');
          stream = { node: decodeNode(node), send: (answer) => void call.send(writeMessage(answer)) };
          method.onOpen?.(stream, message);
        }
        method.onMessage(stream.node, message);
      },
      onHalfClose: () => {
        close();
        if (method.farewell !== undefined) call.send(writeMessage(method.farewell()));
        call.end();
      },
      onCancelled: close,
    };
  };
}

function refuse(call: GrpcServerCall, close: () => void, message: string): void {
  close();
  call.end({ code: GRPC_STATUS.INVALID_ARGUMENT, message });
}
