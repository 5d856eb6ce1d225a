import type {
  HealthCheckRequest,
  HealthCheckRequestOrEndpointHealthResponse,
  HealthCheckSpecifier,
} from '@weft/api-envoy/gen/envoy/service/health/v3/hds_pb';
import type { GrpcServices } from '@weft/core-grpc';
import { decodeEndpointHealth } from './endpoint-health.decode.ts';
import type { EndpointHealth } from './endpoint-health.ts';
import { makeMessage, writeMessage } from './messages.ts';
import type { XdsNode } from './node.ts';
import { reportHandler, type ReportStream } from './report-stream.ts';
import type { Admit } from './stream-context.ts';

/** The protocols by which a proxy can check. */
export type HealthCheckProtocol = 'HTTP' | 'TCP' | 'REDIS';

export interface HealthSink {
  /** A proxy offers to check: whom it should, made by the translation. Undefined: nobody. */
  checks(node: XdsNode, protocols: readonly HealthCheckProtocol[]): HealthCheckSpecifier | undefined;
  onHealth(node: XdsNode, found: readonly EndpointHealth[]): void;
}

const PROTOCOLS: readonly HealthCheckProtocol[] = ['HTTP', 'TCP', 'REDIS'];
const SPECIFIER = 'envoy.service.health.v3.HealthCheckSpecifier';

/** envoy.service.health.v3.HealthDiscoveryService: the server says whom to check, proxies tell what they found. */
export class HealthDiscoveryService {
  readonly services: GrpcServices;
  private readonly sink: HealthSink;
  private readonly streams = new Map<ReportStream, Checker>();

  /** `admit`: who may report for which node. Default: everybody for everybody. */
  constructor(sink: HealthSink, admit?: Admit) {
    this.sink = sink;
    const handler = reportHandler<HealthCheckRequestOrEndpointHealthResponse>(
      {
        typeName: 'envoy.service.health.v3.HealthCheckRequestOrEndpointHealthResponse',
        nodeOf: (message) => requestOf(message)?.node,
        onOpen: (stream, message) => {
          const offered = requestOf(message)?.capability?.healthCheckProtocols ?? [];
          const checker = { protocols: offered.flatMap((protocol) => PROTOCOLS[protocol] ?? []), told: undefined };
          this.streams.set(stream, checker);
          this.ask(stream, checker);
        },
        onMessage: (node, { requestType }) => {
          if (requestType.case === 'endpointHealthResponse')
            sink.onHealth(node, decodeEndpointHealth(requestType.value));
        },
        onClose: (stream) => this.streams.delete(stream),
      },
      admit,
    );
    this.services = new Map([['/envoy.service.health.v3.HealthDiscoveryService/StreamHealthCheck', handler]]);
  }

  /** Whom to check may have changed: each proxy for which it did, or the one with this node id, is told anew. */
  renew(nodeId?: string): void {
    for (const [stream, checker] of this.streams)
      if (nodeId === undefined || nodeId === stream.node.id) this.ask(stream, checker);
  }

  private ask(stream: ReportStream, checker: Checker): void {
    const checks =
      this.sink.checks(stream.node, checker.protocols) ??
      makeMessage<HealthCheckSpecifier>(SPECIFIER, { interval: { seconds: 10n, nanos: 0 } });
    if (checker.told !== undefined && isSame(checker.told, checks)) return;
    checker.told = checks;
    stream.send(checks);
  }
}

/** A proxy that offered to check. */
interface Checker {
  readonly protocols: readonly HealthCheckProtocol[];
  /** What it was told last. */
  told: HealthCheckSpecifier | undefined;
}

function isSame(a: HealthCheckSpecifier, b: HealthCheckSpecifier): boolean {
  return Buffer.compare(writeMessage(a), writeMessage(b)) === 0;
}

function requestOf({ requestType }: HealthCheckRequestOrEndpointHealthResponse): HealthCheckRequest | undefined {
  return requestType.case === 'healthCheckRequest' ? requestType.value : undefined;
}
