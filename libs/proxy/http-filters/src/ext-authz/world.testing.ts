import assert from 'node:assert/strict';
import { fromBinary, fromJson, toBinary, toJson, type JsonValue } from '@bufbuild/protobuf';
import { DecodeContext, loadConfig, registry, sourceNamed } from '@weft/api-envoy';
import { GRPC_STATUS, type GrpcCall, type GrpcCallOptions, type GrpcChannel, type GrpcReceiver } from '@weft/core-grpc';
import type { RequestHeaderMap } from '@weft/core-http';
import { createFakeRuntime } from '@weft/core-runtime/testing';
import { createNullScope } from '@weft/core-stats';
import { decodeRouteConfiguration, type RouteTable } from '@weft/model-route';
import type { RouteConfiguration } from '@weft/api-envoy/gen/envoy/config/route/v3/route_pb';
import type { FilterFactoryContext, HttpFilter } from '@weft/proxy-filter-api';
import { FakeCluster, FakeClusters, FakeFilterStream } from '@weft/proxy-filter-api/testing';
import type { ExtAuthzConfig } from './config.ts';
import { EXT_AUTHZ_ROUTE_TYPE, EXT_AUTHZ_TYPE } from './config.decode.ts';
import { extAuthzFactory } from './ext-authz.ts';

type Json = Readonly<Record<string, unknown>>;

/** One question to the gRPC service; the test answers it. */
export class Question implements GrpcCall {
  readonly timeoutMs: number | undefined;
  readonly metadata: GrpcCallOptions['metadata'];
  attributes: Json = {};
  cancelled = false;
  private readonly receiver: GrpcReceiver;

  constructor(receiver: GrpcReceiver, { timeoutMs, metadata }: GrpcCallOptions) {
    this.receiver = receiver;
    this.timeoutMs = timeoutMs;
    this.metadata = metadata;
  }
  send(message: Uint8Array): boolean {
    const desc = registry().getMessage('envoy.service.auth.v3.CheckRequest')!;
    this.attributes = (
      toJson(desc, fromBinary(desc, message), { registry: registry() }) as { attributes: Json }
    ).attributes;
    return true;
  }
  end(): void {
    // It is one message.
  }
  cancel(): void {
    this.cancelled = true;
  }
  answer(response: JsonValue): void {
    const desc = registry().getMessage('envoy.service.auth.v3.CheckResponse')!;
    this.receiver.onMessage(toBinary(desc, fromJson(desc, response, { registry: registry() })));
    this.receiver.onEnd({ code: GRPC_STATUS.OK, message: '' });
  }
  fail(): void {
    this.receiver.onEnd({ code: GRPC_STATUS.UNAVAILABLE, message: 'away' });
  }
}

function decoded(yaml: string, typeName: string): { readonly value: unknown; readonly faults: readonly string[] } {
  const { message, faults } = loadConfig({ text: yaml, file: 'f.yaml', typeName });
  const cx = new DecodeContext(sourceNamed('f.yaml'));
  const decode = typeName === EXT_AUTHZ_TYPE ? extAuthzFactory.decode : extAuthzFactory.decodeRoute;
  const value = message && decode?.(message, cx);
  return { value, faults: [...faults, ...cx.faults].map(({ path, message: text }) => `${path}: ${text}`) };
}

export const faultsOf = (yaml: string, typeName = EXT_AUTHZ_TYPE): readonly string[] => decoded(yaml, typeName).faults;

export function routeConfig(yaml: string): unknown {
  const { value, faults } = decoded(yaml, EXT_AUTHZ_ROUTE_TYPE);
  assert.ok(value, faults.join('\n'));
  return value;
}

function tableTo(cluster: string): RouteTable {
  const text = `{virtual_hosts: [{name: v, domains: ["*"], routes: [{match: {prefix: /}, route: {cluster: ${cluster}}}]}]}`;
  const { message } = loadConfig({ text, file: 'r.yaml', typeName: 'envoy.config.route.v3.RouteConfiguration' });
  const table = decodeRouteConfiguration(message as RouteConfiguration, new DecodeContext(sourceNamed('r.yaml')));
  assert.ok(table);
  return table;
}

/** The filter with `yaml` as its configuration, on requests to the cluster `up`; a gRPC service, and the cluster `http`. */
export function askingWorld(yaml: string) {
  const { value, faults } = decoded(yaml, EXT_AUTHZ_TYPE);
  assert.ok(value, faults.join('\n'));
  const stats = createNullScope();
  const runtime = createFakeRuntime();
  const questions: Question[] = [];
  const channel: GrpcChannel = {
    call(_path, receiver, options = {}) {
      const question = new Question(receiver, options);
      questions.push(question);
      return question;
    },
    close: () => undefined,
  };
  const up = new FakeCluster('up');
  const http = new FakeCluster('http');
  const context = {
    stats,
    runtime,
    grpcChannel: () => channel,
    filterName: 'authz',
  } as unknown as FilterFactoryContext;
  const create = extAuthzFactory.prepare(value as ExtAuthzConfig, context);
  const table = tableTo('up');
  const open = (headers: RequestHeaderMap, perRoute?: unknown): { stream: FakeFilterStream; filter: HttpFilter } => {
    const stream = new FakeFilterStream(headers, { table, runtime, clusters: new FakeClusters(up, http) });
    if (perRoute !== undefined) stream.routeConfigs.set('authz', perRoute);
    return { stream, filter: create(stream) };
  };
  return { open, questions, up, http, runtime, value: (name: string) => stats.counter(name).value };
}
