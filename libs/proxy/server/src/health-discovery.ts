import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { registry } from '@weft/api-envoy';
import type { HealthCheckSpecifier } from '@weft/api-envoy/gen/envoy/service/health/v3/hds_pb';
import {
  GRPC_STATUS,
  grpcStatusName,
  type GrpcCall,
  type GrpcChannel,
  type GrpcReceiver,
  type GrpcStatus,
} from '@weft/core-grpc';
import { after, type Runtime, type Timer } from '@weft/core-runtime';
import type { Counter, StatsScope } from '@weft/core-stats';
import type { AdsConfig } from '@weft/model-config-source';
import { BackOff, type GrpcChannels } from '@weft/xds-client';

/** What a health discovery client needs. */
export interface HealthDiscoveryOptions {
  /** Bootstrap.hds_config */
  readonly config: AdsConfig;
  /** The fields of the Node. */
  readonly node: object;
  readonly channels: GrpcChannels;
  readonly runtime: Runtime;
  /** The root: it counts under `hds_delegate.`. */
  readonly stats: StatsScope;
  readonly checks: SpecifiedChecks;
}

/** The checks that the server asks for. */
export interface SpecifiedChecks {
  /** These, and no others, from now on. Gives what is wrong; then those that were there go on. */
  apply(specifier: HealthCheckSpecifier): string | undefined;
  /** The fields of an EndpointHealthResponse: how everything is now. */
  report(): object;
  close(): void;
}

const PACKAGE = 'envoy.service.health.v3.';
const DEFAULT_INTERVAL_MS = 1000;
/** HTTP, TCP. Envoy's list; gRPC checks come as a kind of check all the same. */
const PROTOCOLS = [0, 1];

/** HDS: a server says whom to check, this proxy checks them and tells it again and again how they are. */
export class HealthDiscovery implements GrpcReceiver {
  private readonly options: HealthDiscoveryOptions;
  private readonly requests: Counter;
  private readonly responses: Counter;
  private readonly errors: Counter;
  private readonly updates: Counter;
  private readonly backOff: BackOff;
  private channel: GrpcChannel | undefined;
  private call: GrpcCall | undefined;
  private timer: Timer | undefined;
  private intervalMs = DEFAULT_INTERVAL_MS;
  private lastSpecifier = '';
  private closed = false;

  constructor(options: HealthDiscoveryOptions) {
    this.options = options;
    const own = options.stats.scope('hds_delegate.');
    this.requests = own.counter('requests');
    this.responses = own.counter('responses');
    this.errors = own.counter('errors');
    this.updates = own.counter('updates');
    this.backOff = new BackOff(options.runtime.random);
  }

  start(): void {
    const [service] = this.options.config.grpcServices;
    if (service === undefined) return;
    this.channel ??= this.options.channels(service);
    this.call = this.channel.call(`/${PACKAGE}HealthDiscoveryService/StreamHealthCheck`, this, {
      metadata: service.initialMetadata,
    });
    const value = { node: this.options.node, capability: { healthCheckProtocols: PROTOCOLS } };
    this.send({ case: 'healthCheckRequest', value });
    this.responses.inc();
  }

  close(): void {
    this.closed = true;
    this.timer?.cancel();
    this.call?.cancel();
    this.channel?.close();
    this.options.checks.close();
  }

  onMessage(octets: Uint8Array): void {
    let specifier: HealthCheckSpecifier;
    try {
      specifier = fromBinary(registry().getMessage(`${PACKAGE}HealthCheckSpecifier`)!, octets) as HealthCheckSpecifier;
    } catch {
      this.call?.cancel();
      this.onEnd({ code: GRPC_STATUS.INTERNAL, message: 'it sent what is no specifier' });
      return;
    }
    this.requests.inc();
    this.backOff.reset();
    const { interval } = specifier;
    this.intervalMs =
      interval === undefined
        ? DEFAULT_INTERVAL_MS
        : Math.max(1, Number(interval.seconds) * 1000 + interval.nanos / 1e6);
    const text = Buffer.from(octets).toString('base64');
    if (text !== this.lastSpecifier) this.apply(specifier, text);
    this.reportLater();
  }

  onEnd(status: GrpcStatus): void {
    if (this.closed) return;
    this.call = undefined;
    this.timer?.cancel();
    this.errors.inc();
    const delayMs = this.backOff.draw();
    this.log(
      `the stream ended with ${grpcStatusName(status.code)}: ${status.message || 'no reason given'}; checks go on`,
    );
    this.timer = after(this.options.runtime.timers, delayMs, () => this.start());
  }

  private apply(specifier: HealthCheckSpecifier, text: string): void {
    const wrong = this.options.checks.apply(specifier);
    if (wrong === undefined) {
      this.updates.inc();
      this.lastSpecifier = text;
      return;
    }
    this.errors.inc();
    this.log(`what the server asks for cannot be checked: ${wrong}`);
  }

  private reportLater(): void {
    this.timer?.cancel();
    this.timer = after(this.options.runtime.timers, this.intervalMs, () => {
      this.send({ case: 'endpointHealthResponse', value: this.options.checks.report() });
      this.responses.inc();
      this.reportLater();
    });
  }

  private send(requestType: object): void {
    const desc = registry().getMessage(`${PACKAGE}HealthCheckRequestOrEndpointHealthResponse`)!;
    this.call?.send(toBinary(desc, create(desc, { requestType })));
  }

  private log(text: string): void {
    this.options.runtime.loggers.get('upstream').warning(`health discovery: ${text}.`);
  }
}
