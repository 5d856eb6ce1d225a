import type {
  HealthCheckRequest,
  HealthCheckRequestOrEndpointHealthResponse,
  HealthCheckSpecifier,
} from '@weft/api-envoy/gen/envoy/service/health/v3/hds_pb';
import type { GrpcServices } from '@weft/core-grpc';
import { decodeEndpointHealth } from './endpoint-health.decode.ts';
import type { EndpointHealth } from './endpoint-health.ts';
import { makeMessage } from './messages.ts';
import type { XdsNode } from './node.ts';
import { reportHandler, type ReportStream } from './report-stream.ts';

/** The protocols by which a proxy can check. */
export type HealthCheckProtocol = 'HTTP' | 'TCP' | 'REDIS';

export interface HealthSink {
  /** A proxy offers to check: whom it should, made by the translation. Undefined: nobody. */
  checks(node: XdsNode, protocols: readonly HealthCheckProtocol[]): HealthCheckSpecifier | undefined;
  onHealth(node: XdsNode, found: readonly EndpointHealth[]): void;
}

const PROTOCOLS: readonly HealthCheckProtocol[] = ['HTTP', 'TCP', 'REDIS'];
const SPECIFIER = 'envoy.service.health.v3.HealthCheckSpecifier';

/** envoy.service.health.v3.HealthDiscoveryService: the server says whom to check, proxies tell what they found (B6). */
export class HealthDiscoveryService {
  readonly services: GrpcServices;
  private readonly sink: HealthSink;
  private readonly streams = new Map<ReportStream, readonly HealthCheckProtocol[]>();

  constructor(sink: HealthSink) {
    this.sink = sink;
    const handler = reportHandler<HealthCheckRequestOrEndpointHealthResponse>({
      typeName: 'envoy.service.health.v3.HealthCheckRequestOrEndpointHealthResponse',
      nodeOf: (message) => requestOf(message)?.node,
      onOpen: (stream, message) => {
        const offered = requestOf(message)?.capability?.healthCheckProtocols ?? [];
        this.streams.set(
          stream,
          offered.flatMap((protocol) => PROTOCOLS[protocol] ?? []),
        );
        this.ask(stream);
      },
      onMessage: (node, { requestType }) => {
        if (requestType.case === 'endpointHealthResponse') sink.onHealth(node, decodeEndpointHealth(requestType.value));
      },
      onClose: (stream) => this.streams.delete(stream),
    });
    this.services = new Map([['/envoy.service.health.v3.HealthDiscoveryService/StreamHealthCheck', handler]]);
  }

  /** Whom to check has changed: every proxy is told anew. */
  renew(): void {
    for (const stream of this.streams.keys()) this.ask(stream);
  }

  private ask(stream: ReportStream): void {
    const checks = this.sink.checks(stream.node, this.streams.get(stream) ?? []);
    stream.send(checks ?? makeMessage(SPECIFIER, { interval: { seconds: 10n, nanos: 0 } }));
  }
}

function requestOf({ requestType }: HealthCheckRequestOrEndpointHealthResponse): HealthCheckRequest | undefined {
  return requestType.case === 'healthCheckRequest' ? requestType.value : undefined;
}
