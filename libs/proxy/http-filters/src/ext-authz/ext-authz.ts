import type { GrpcMetadata } from '@weft/core-grpc';
import { RequestHeaderMap, ResponseFlag, type HeaderMap, type ResponseHeaderMap } from '@weft/core-http';
import {
  CHECK_FAILED,
  chosenMetadata,
  destinationOf,
  GrpcCheck,
  sniOf,
  sourceOf,
  type Check,
  type CheckAttributes,
  type CheckOutcome,
  type CheckReceiver,
  type HeaderChange,
} from '@weft/proxy-ext-authz';
import {
  BUFFER,
  CONTINUE,
  STOP,
  type Cluster,
  type DataStatus,
  type FilterStream,
  type HeadersStatus,
  type HttpFilter,
  type HttpFilterFactory,
  type TrailersStatus,
} from '@weft/proxy-filter-api';
import { allowedChanges } from './allowed-changes.ts';
import type { BodyConfig, ExtAuthzConfig, ExtAuthzRouteConfig } from './config.ts';
import { decodeExtAuthz, decodeExtAuthzRoute, EXT_AUTHZ_ROUTE_TYPE, EXT_AUTHZ_TYPE } from './config.decode.ts';
import { applyChanges, replyHeaders } from './header-changes.ts';
import { httpAttributes } from './http-attributes.ts';
import { HttpCheck } from './http-check.ts';
import { PreparedExtAuthz } from './prepared.ts';
import { changeRequest } from './request-changes.ts';
import { isValid } from './validate-outcome.ts';

const NAMESPACE = 'envoy.filters.http.ext_authz';
const FAILURE_MODE_ALLOWED = 'x-envoy-auth-failure-mode-allowed';
const INVALID_STATUS = 500;

/** `envoy.filters.http.ext_authz`: a service decides who may ask for what. */
export const extAuthzFactory: HttpFilterFactory<ExtAuthzConfig> = {
  typeName: EXT_AUTHZ_TYPE,
  terminal: false,
  routeTypeName: EXT_AUTHZ_ROUTE_TYPE,
  decode: decodeExtAuthz,
  decodeRoute: decodeExtAuthzRoute,
  prepare(config, context) {
    const prepared = new PreparedExtAuthz(config, context);
    return (stream) => new ExtAuthzFilter(prepared, stream);
  },
};

/**
 * One request that a service decides about.
 *
 *   looking -> (collecting the body) -> asking -> decided
 */
class ExtAuthzFilter implements HttpFilter, CheckReceiver {
  private readonly filter: PreparedExtAuthz;
  private readonly stream: FilterStream;
  private state: 'looking' | 'collecting' | 'asking' | 'decided' = 'looking';
  private route: ExtAuthzRouteConfig | undefined;
  private body: BodyConfig | undefined;
  private chunks: Buffer[] = [];
  private bodyBytes = 0;
  private check: Check | undefined;
  private cluster: Cluster | undefined;
  private askedMs = 0;
  private responseChanges: readonly HeaderChange[] = [];

  constructor(filter: PreparedExtAuthz, stream: FilterStream) {
    this.filter = filter;
    this.stream = stream;
  }

  // ---- request ----

  onRequestHeaders(headers: RequestHeaderMap, end: boolean): HeadersStatus {
    const { filter, stream } = this;
    if (stream.route === undefined) return CONTINUE;
    this.route = filter.routeConfig(stream);
    if (this.route?.disabled === true) return CONTINUE;
    if (!this.enabled) return this.disabled();
    this.body = this.route?.disableBodyBuffering === true ? undefined : (this.route?.body ?? filter.config.body);
    // What leaves HTTP has no body that ends.
    if (this.body === undefined || end || headers.protocol !== '') {
      this.body = undefined;
      return this.ask();
    }
    this.state = 'collecting';
    if (!this.body.allowPartial) stream.setRequestBufferLimit(this.body.maxBytes);
    return BUFFER;
  }

  onRequestData(chunk: Buffer, end: boolean): DataStatus {
    if (this.state !== 'collecting' || this.body === undefined) return CONTINUE;
    this.chunks.push(chunk);
    this.bodyBytes += chunk.length;
    const { allowPartial, maxBytes } = this.body;
    // To hold more than the limit is answered 413, also with the last piece.
    if (!allowPartial && this.bodyBytes > maxBytes) return BUFFER;
    return end || (allowPartial && this.bodyBytes >= maxBytes) ? this.ask() : BUFFER;
  }

  onRequestTrailers(_trailers: HeaderMap): TrailersStatus {
    return this.state === 'collecting' ? this.ask() : CONTINUE;
  }

  onResponseHeaders(headers: ResponseHeaderMap): HeadersStatus {
    if (this.responseChanges.length > 0) applyChanges(this.responseChanges, headers, 'response');
    return CONTINUE;
  }

  onDestroy(): void {
    if (this.state === 'asking') this.check?.cancel();
    this.state = 'decided';
  }

  private get enabled(): boolean {
    const { enabled, enabledMetadata } = this.filter.config;
    const { flags, runtime, info } = this.stream;
    if (enabled !== undefined && !flags.enabled(enabled.key, enabled.fraction, runtime.random.below(0x1_0000_0000)))
      return false;
    return enabledMetadata === undefined || enabledMetadata.matches(info.dynamicMetadata);
  }

  private disabled(): HeadersStatus {
    const { stats, config } = this.filter;
    stats.disabled.inc();
    const { denyAtDisable: deny } = config;
    if (deny === undefined) return CONTINUE;
    const denies = deny.key === '' ? deny.byDefault : this.stream.flags.boolean(deny.key, deny.byDefault);
    if (!denies) return CONTINUE;
    this.refuse(config.statusOnError, 'ext_authz_error');
    return STOP;
  }

  // ---- the question ----

  private ask(): typeof STOP {
    const { filter, stream } = this;
    this.state = 'asking';
    this.askedMs = stream.runtime.clock.nowMs();
    this.cluster = stream.clusters.get(stream.route?.clusterName ?? '');
    const attributes = this.attributes();
    this.chunks = [];
    const service = filter.service(this.route?.service);
    if (service.kind === 'grpc') {
      const { channel, timeoutMs } = service;
      if (channel === undefined) this.onChecked(CHECK_FAILED);
      else this.check = new GrpcCheck({ channel, timeoutMs, metadata: this.traceContext() }, attributes, this);
      return STOP;
    }
    const check = new HttpCheck(service, stream, attributes.request.http, this);
    this.check = check;
    check.start();
    return STOP;
  }

  private attributes(): CheckAttributes & { readonly request: NonNullable<CheckAttributes['request']> } {
    const { filter, stream, body } = this;
    const { config } = filter;
    const { info, requestHeaders: headers } = stream;
    const { downstream } = info;
    const told = body && { bytes: Buffer.concat(this.chunks, this.bodyBytes), maxBytes: body.maxBytes };
    const service = headers.get('x-envoy-downstream-service-cluster') ?? '';
    return {
      source: sourceOf(downstream, service, config.includePeerCertificate),
      destination: destinationOf(downstream, '', filter.destinationLabels),
      request: { startWallMs: info.startWallMs, http: httpAttributes(stream, headers, config, told) },
      contextExtensions: this.route?.contextExtensions ?? {},
      metadata: chosenMetadata(config.metadataNamespaces, info.dynamicMetadata, downstream.metadata),
      routeMetadata: this.routeMetadata(),
      sni: config.includeTlsSession ? sniOf(downstream) : undefined,
    };
  }

  /** The service's own span is part of the request's trace. */
  private traceContext(): GrpcMetadata {
    const { span } = this.stream;
    if (span === undefined) return [];
    const head = new RequestHeaderMap();
    span.inject(head);
    return [...head];
  }

  private routeMetadata(): Readonly<Record<string, unknown>> {
    const { routeMetadataNamespaces: wanted } = this.filter.config;
    const metadata = this.stream.route?.route.metadata ?? {};
    return Object.fromEntries(
      wanted.filter((name) => Object.hasOwn(metadata, name)).map((name) => [name, metadata[name]]),
    );
  }

  // ---- the answer ----

  onChecked(outcome: CheckOutcome): void {
    if (this.state !== 'asking') return;
    this.state = 'decided';
    this.check = undefined;
    if (outcome.invalidAction && this.filter.config.validateMutations) {
      this.invalid();
      return;
    }
    this.noteMetadata(outcome);
    if (outcome.kind === 'ok') this.allow(outcome);
    else if (outcome.kind === 'denied') this.deny(outcome);
    else this.fail(outcome);
  }

  private allow(answer: Extract<CheckOutcome, { kind: 'ok' }>): void {
    const { filter, stream, cluster } = this;
    const { config, stats } = filter;
    const outcome = allowedChanges(answer, config.mutationRules);
    if (outcome === undefined || (config.validateMutations && !isValid(answer))) {
      this.invalid();
      return;
    }
    const fault = changeRequest(outcome, config, stream);
    this.responseChanges = outcome.responseChanges;
    stats.charge(cluster, 'ok');
    stats.ok.inc();
    if (fault === undefined) stream.continueRequest();
    else this.broken(fault);
  }

  private deny(outcome: Extract<CheckOutcome, { kind: 'denied' }>): void {
    const { config, stats } = this.filter;
    const { cluster } = this;
    stats.denied.inc();
    stats.charge(cluster, 'denied');
    if (config.chargeClusterResponseStats) cluster?.requestStats.chargeResponse(outcome.status, true);
    this.reply(outcome, outcome.status, 'ext_authz_denied');
  }

  private fail(outcome: Extract<CheckOutcome, { kind: 'error' }>): void {
    const { config, stats } = this.filter;
    const { cluster, stream } = this;
    stats.charge(cluster, 'error');
    stats.error.inc();
    if (!config.failureModeAllow) {
      this.reply(outcome, outcome.status || config.statusOnError, 'ext_authz_error');
      return;
    }
    stats.failureModeAllowed.inc();
    stats.charge(cluster, 'failure_mode_allowed');
    if (config.failureModeAllowHeaderAdd) stream.requestHeaders.add(FAILURE_MODE_ALLOWED, 'true');
    stream.continueRequest();
  }

  /** Answers in the service's words. */
  private reply(
    { changes, body, ...outcome }: Exclude<CheckOutcome, { kind: 'ok' }>,
    status: number,
    details: string,
  ): void {
    const { config } = this.filter;
    if (config.validateMutations && !isValid({ changes, body, ...outcome })) {
      this.invalid();
      return;
    }
    const { maxDeniedBodyBytes: most } = config;
    const cut = most > 0 ? body.subarray(0, most) : body;
    this.refuse(status, details, { changes, body: cut.toString() });
  }

  /** The request is one that would be read differently than it was meant: Envoy finds out when it writes it. */
  private broken(fault: string): void {
    const details = `filter_removed_required_request_headers{${fault.replace(/\s/g, '_')}}`;
    this.stream.reply({ status: 503, body: fault, details, flags: ResponseFlag.DownstreamProtocolError });
  }

  /** What the service asks for cannot be done. */
  private invalid(): void {
    const { stats } = this.filter;
    stats.charge(this.cluster, 'invalid');
    stats.invalid.inc();
    this.refuse(INVALID_STATUS, 'ext_authz_invalid');
  }

  private refuse(
    status: number,
    details: string,
    answer: { readonly changes: readonly HeaderChange[]; readonly body: string } = { changes: [], body: '' },
  ): void {
    const flags = ResponseFlag.UnauthorizedExternalService;
    this.stream.reply({ status, body: answer.body, details, flags, headers: replyHeaders(answer.changes) });
  }

  private noteMetadata({ dynamicMetadata, kind }: CheckOutcome): void {
    if (dynamicMetadata === undefined) return;
    const { config, stats } = this.filter;
    const { info, runtime } = this.stream;
    if (!config.ingestDynamicMetadata) {
      stats.ignoredDynamicMetadata.inc();
      return;
    }
    const duration = kind === 'ok' ? { ext_authz_duration: Math.floor(runtime.clock.nowMs() - this.askedMs) } : {};
    info.setDynamicMetadata(NAMESPACE, { ...dynamicMetadata, ...duration });
  }
}
