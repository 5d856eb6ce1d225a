import type { JsonObject } from '@bufbuild/protobuf';
import type { Any } from '@bufbuild/protobuf/wkt';
import { nearest, type DecodeContext, type FieldSupport } from '@weft/api-envoy';
import type {
  LoadShedPoint as PointProto,
  OverloadAction,
  OverloadManager,
  ResourceMonitor,
  ScaleTimersOverloadActionConfig,
  Trigger as TriggerProto,
} from '@weft/api-envoy/gen/envoy/config/overload/v3/overload_pb';
import type { CgroupMemoryConfig } from '@weft/api-envoy/gen/envoy/extensions/resource_monitors/cgroup_memory/v3/cgroup_memory_pb';
import type { DownstreamConnectionsConfig } from '@weft/api-envoy/gen/envoy/extensions/resource_monitors/downstream_connections/v3/downstream_connections_pb';
import type { FixedHeapConfig } from '@weft/api-envoy/gen/envoy/extensions/resource_monitors/fixed_heap/v3/fixed_heap_pb';
import type { InjectedResourceConfig } from '@weft/api-envoy/gen/envoy/extensions/resource_monitors/injected_resource/v3/injected_resource_pb';
import type { TypedStruct } from '@weft/api-envoy/gen/xds/type/v3/typed_struct_pb';
import { durationMs } from '@weft/model-policy';
import type { ScaledTimer } from '@weft/proxy-filter-api';

/** One thing that is watched; its pressure is 0 (idle) to 1 (at the limit). */
export type MonitorConfig = { readonly name: string } & (
  | { readonly kind: 'heap'; readonly maxBytes: number }
  | { readonly kind: 'cgroup'; readonly maxBytes: number }
  | { readonly kind: 'injected'; readonly path: string }
  | { readonly kind: 'cpu'; readonly container: boolean }
  | { readonly kind: 'loop'; readonly maxDelayMs: number }
);

/** Turns a resource's pressure into the share (0 to 1) of an action. */
export interface Trigger {
  readonly resource: string;
  /** From here the action begins. */
  readonly from: number;
  /** From here it is saturated; equal to `from` for a threshold. */
  readonly to: number;
}

export interface TriggeredConfig {
  readonly name: string;
  readonly triggers: readonly Trigger[];
}

/** The least a timer is shortened to. */
export type TimerScale =
  { readonly kind: 'absolute'; readonly ms: number } | { readonly kind: 'share'; readonly share: number };

/** The overload manager of a bootstrap. */
export interface OverloadConfig {
  /** Default 1,000. */
  readonly refreshIntervalMs: number;
  readonly monitors: readonly MonitorConfig[];
  readonly actions: readonly TriggeredConfig[];
  /** By their names without `envoy.load_shed_points.`. */
  readonly points: readonly TriggeredConfig[];
  readonly timers: ReadonlyMap<ScaledTimer, TimerScale>;
  /** Of the process; Infinity without the monitor. */
  readonly maxConnections: number;
}

export const ACTION = {
  stopAcceptingRequests: 'envoy.overload_actions.stop_accepting_requests',
  disableHttpKeepalive: 'envoy.overload_actions.disable_http_keepalive',
  stopAcceptingConnections: 'envoy.overload_actions.stop_accepting_connections',
  rejectIncomingConnections: 'envoy.overload_actions.reject_incoming_connections',
  shrinkHeap: 'envoy.overload_actions.shrink_heap',
  reduceTimeouts: 'envoy.overload_actions.reduce_timeouts',
  resetHighMemoryStream: 'envoy.overload_actions.reset_high_memory_stream',
} as const;

const POINT_PREFIX = 'envoy.load_shed_points.';
/** Those that the data plane asks for. */
const POINTS: readonly string[] = ['tcp_listener_accept', 'http_connection_manager_decode_headers'];
const LATER_POINTS: readonly string[] = [
  'http_downstream_filter_check',
  'http1_server_abort_dispatch',
  'http2_server_go_away_on_dispatch',
  'http2_server_go_away_and_close_on_dispatch',
  'hcm_ondata_creating_codec',
  'connection_pool_new_connection',
];

const MONITORS = 'envoy.extensions.resource_monitors';
/** The type that a TypedStruct names for the monitor that Envoy does not have. */
export const LOOP_DELAY_TYPE = 'weft.resource_monitors.v1.EventLoopDelay';

export const supported: FieldSupport = {
  'envoy.config.overload.v3.OverloadManager': [
    'refresh_interval', 'resource_monitors', 'actions', 'loadshed_points', 'buffer_factory_config',
  ],
  'envoy.config.overload.v3.BufferFactoryConfig': [],
  'envoy.config.overload.v3.ResourceMonitor': ['name', 'typed_config'],
  'envoy.config.overload.v3.OverloadAction': ['name', 'triggers', 'typed_config'],
  'envoy.config.overload.v3.LoadShedPoint': ['name', 'triggers'],
  'envoy.config.overload.v3.Trigger': ['name', 'threshold', 'scaled'],
  'envoy.config.overload.v3.ThresholdTrigger': ['value'],
  'envoy.config.overload.v3.ScaledTrigger': ['scaling_threshold', 'saturation_threshold'],
  'envoy.config.overload.v3.ScaleTimersOverloadActionConfig': ['timer_scale_factors'],
  'envoy.config.overload.v3.ScaleTimersOverloadActionConfig.ScaleTimer': ['timer', 'min_timeout', 'min_scale'],
  'envoy.config.overload.v3.ShrinkHeapConfig': [],
  [`${MONITORS}.fixed_heap.v3.FixedHeapConfig`]: ['max_heap_size_bytes'],
  [`${MONITORS}.cgroup_memory.v3.CgroupMemoryConfig`]: ['max_memory_bytes'],
  [`${MONITORS}.injected_resource.v3.InjectedResourceConfig`]: ['filename'],
  [`${MONITORS}.cpu_utilization.v3.CpuUtilizationConfig`]: ['mode'],
  [`${MONITORS}.downstream_connections.v3.DownstreamConnectionsConfig`]: ['max_active_downstream_connections'],
  'envoy.type.v3.Percent': ['value'],
  'xds.type.v3.TypedStruct': ['type_url', 'value'],
}; // prettier-ignore

/** Nothing is watched and nothing limited. */
export const NO_OVERLOAD: OverloadConfig = {
  refreshIntervalMs: 1000,
  monitors: [],
  actions: [],
  points: [],
  timers: new Map(),
  maxConnections: Infinity,
};

/** Decodes `overload_manager` of a bootstrap; faults go to `cx`. */
export function decodeOverload(message: OverloadManager | undefined, cx: DecodeContext): OverloadConfig {
  if (message === undefined) return NO_OVERLOAD;
  if (message.bufferFactoryConfig !== undefined) cx.at('buffer_factory_config').later('');
  const monitors = message.resourceMonitors.map((each, i) => decodeMonitor(each, cx.at('resource_monitors', i)));
  refuseTwins(message.resourceMonitors, cx.at('resource_monitors'));
  refuseTwins(message.actions, cx.at('actions'));
  refuseTwins(message.loadshedPoints, cx.at('loadshed_points'));
  const resources = new Set(message.resourceMonitors.map(({ name }) => name));
  const actions = message.actions.map((action, i) => decodeAction(action, resources, cx.at('actions', i)));
  const points = message.loadshedPoints.map((point, i) => decodePoint(point, resources, cx.at('loadshed_points', i)));
  return {
    refreshIntervalMs: durationMs(message.refreshInterval, 1000),
    monitors: monitors.filter((each) => each !== undefined && 'kind' in each) as readonly MonitorConfig[],
    actions,
    points: points.filter((each) => each !== undefined),
    timers: decodeTimers(message, cx),
    maxConnections: Math.min(
      Infinity,
      ...monitors.flatMap((each) => (each !== undefined && 'maxConnections' in each ? [each.maxConnections] : [])),
    ),
  };
}

type Decoded = MonitorConfig | { readonly maxConnections: number } | undefined;

function decodeMonitor({ name, configType }: ResourceMonitor, cx: DecodeContext): Decoded {
  const place = cx.at('typed_config');
  const any: Any | undefined = configType.value;
  const config = place.unpack(any);
  if (config === undefined) return undefined;
  switch (config.$typeName) {
    case `${MONITORS}.fixed_heap.v3.FixedHeapConfig`:
      return { name, kind: 'heap', maxBytes: Number((config as FixedHeapConfig).maxHeapSizeBytes) };
    case `${MONITORS}.cgroup_memory.v3.CgroupMemoryConfig`:
      return { name, kind: 'cgroup', maxBytes: Number((config as CgroupMemoryConfig).maxMemoryBytes) };
    case `${MONITORS}.injected_resource.v3.InjectedResourceConfig`:
      return { name, kind: 'injected', path: (config as InjectedResourceConfig).filename };
    case `${MONITORS}.cpu_utilization.v3.CpuUtilizationConfig`:
      return { name, kind: 'cpu', container: (config as { mode?: number }).mode === 1 };
    case `${MONITORS}.downstream_connections.v3.DownstreamConnectionsConfig`:
      return { maxConnections: Number((config as DownstreamConnectionsConfig).maxActiveDownstreamConnections) };
    case 'xds.type.v3.TypedStruct':
      return decodeLoopDelay(name, config as TypedStruct, place);
    default:
      place.error(`${config.$typeName} is no resource monitor`);
      return undefined;
  }
}

function decodeLoopDelay(name: string, config: TypedStruct, cx: DecodeContext): MonitorConfig | undefined {
  if (!config.typeUrl.endsWith(`/${LOOP_DELAY_TYPE}`)) {
    cx.at('type_url').error(`"${config.typeUrl}" is no resource monitor`, {
      expected: `type.googleapis.com/${LOOP_DELAY_TYPE}`,
    });
    return undefined;
  }
  const fields: JsonObject = config.value ?? {};
  const { max_delay_ms: maxDelayMs, ...rest } = fields;
  for (const key of Object.keys(rest)) {
    const suggestion = nearest(key, ['max_delay_ms']);
    cx.at('value', key).error('there is no such field', suggestion === undefined ? {} : { suggestion });
  }
  if (typeof maxDelayMs === 'number' && maxDelayMs > 0) return { name, kind: 'loop', maxDelayMs };
  cx.at('value', 'max_delay_ms').error('is not a positive number', { expected: 'milliseconds, such as 200' });
  return undefined;
}

function decodeAction({ name, triggers }: OverloadAction, resources: ReadonlySet<string>, cx: DecodeContext) {
  const names: readonly string[] = Object.values(ACTION);
  if (!names.includes(name)) {
    const suggestion = nearest(name, names);
    cx.at('name').error(`there is no overload action "${name}"`, suggestion === undefined ? {} : { suggestion });
  }
  // Memory is not accounted to streams, so there is none to choose.
  if (name === ACTION.resetHighMemoryStream) cx.later(name);
  return { name, triggers: decodeTriggers(triggers, resources, cx.at('triggers')) };
}

function decodePoint(
  { name, triggers }: PointProto,
  resources: ReadonlySet<string>,
  cx: DecodeContext,
): TriggeredConfig | undefined {
  const short = name.startsWith(POINT_PREFIX) ? name.slice(POINT_PREFIX.length) : name;
  if (LATER_POINTS.includes(short)) cx.later(name);
  else if (!POINTS.includes(short)) {
    const suggestion = nearest(
      name,
      [...POINTS, ...LATER_POINTS].map((each) => POINT_PREFIX + each),
    );
    cx.at('name').error(`there is no load shed point "${name}"`, suggestion === undefined ? {} : { suggestion });
    return undefined;
  }
  return { name: short, triggers: decodeTriggers(triggers, resources, cx.at('triggers')) };
}

function decodeTriggers(
  triggers: readonly TriggerProto[],
  resources: ReadonlySet<string>,
  cx: DecodeContext,
): readonly Trigger[] {
  refuseTwins(triggers, cx);
  return triggers.flatMap(({ name, triggerOneof }, i): Trigger[] => {
    if (!resources.has(name)) {
      const suggestion = nearest(name, resources);
      cx.at(i, 'name').error(`there is no resource monitor "${name}"`, suggestion === undefined ? {} : { suggestion });
    }
    const { case: kind, value } = triggerOneof;
    if (kind === 'threshold') return [{ resource: name, from: value.value, to: value.value }];
    if (kind !== 'scaled') return [];
    if (value.scalingThreshold >= value.saturationThreshold)
      cx.at(i, 'scaled').error('scaling_threshold must be below saturation_threshold');
    return [{ resource: name, from: value.scalingThreshold, to: value.saturationThreshold }];
  });
}

const TIMERS: readonly (ScaledTimer | undefined)[] = [
  undefined,
  'HTTP_DOWNSTREAM_CONNECTION_IDLE',
  'HTTP_DOWNSTREAM_STREAM_IDLE',
  'TRANSPORT_SOCKET_CONNECT',
  'HTTP_DOWNSTREAM_CONNECTION_MAX',
  'HTTP_DOWNSTREAM_STREAM_FLUSH',
];

function decodeTimers(message: OverloadManager, cx: DecodeContext): ReadonlyMap<ScaledTimer, TimerScale> {
  const timers = new Map<ScaledTimer, TimerScale>();
  message.actions.forEach((action, i) => {
    const place = cx.at('actions', i, 'typed_config');
    if (action.name !== ACTION.reduceTimeouts) {
      if (action.typedConfig !== undefined && action.name !== ACTION.shrinkHeap)
        place.error(`${action.name} takes no configuration`);
      return;
    }
    const type = 'envoy.config.overload.v3.ScaleTimersOverloadActionConfig';
    if (action.typedConfig === undefined) {
      place.error('is missing: it says which timers are shortened', { expected: type });
      return;
    }
    const config = place.unpack(action.typedConfig, type) as ScaleTimersOverloadActionConfig | undefined;
    config?.timerScaleFactors.forEach(({ timer, overloadAdjust }, at) => {
      const name = TIMERS[timer];
      const here = place.at('timer_scale_factors', at);
      if (name === undefined) return here.at('timer').error('names no timer');
      if (timers.has(name)) return here.at('timer').error(`${name} is there twice`);
      const { case: kind, value } = overloadAdjust;
      if (kind === 'minTimeout') timers.set(name, { kind: 'absolute', ms: durationMs(value, 0) });
      else if (kind === 'minScale') timers.set(name, { kind: 'share', share: value.value / 100 });
    });
  });
  return timers;
}

function refuseTwins(list: readonly { readonly name: string }[], cx: DecodeContext): void {
  const seen = new Set<string>();
  list.forEach(({ name }, i) => {
    if (seen.has(name)) cx.at(i, 'name').error(`"${name}" is there twice`, { expected: 'each name once' });
    seen.add(name);
  });
}
