import type { StreamInfo } from '@weft/core-http';
import { bytesOf, type LogValue, type Operator, type ValueProvider } from './operator.ts';

type Struct = Readonly<Record<string, unknown>>;

/** What a value of metadata is printed as: text and numbers as they are, all else as JSON with its names in order. */
function valueOf(value: unknown): LogValue {
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'string') return bytesOf(value);
  if (typeof value === 'number') return value;
  return { json: bytesOf(JSON.stringify(value, inOrder)) };
}

function inOrder(_name: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function inside(value: unknown, key: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
  return (value as Struct)[key];
}

/** Whose metadata an operator shows: what there is under one filter's name. */
type Namespaces = (info: StreamInfo, namespace: string) => unknown;

/** Requests have metadata of their own, and not that of their connection. */
const dynamic: Namespaces = (info, namespace) =>
  (info.protocol === '' ? info.downstream.metadata : info.dynamicMetadata)?.get(namespace);

const SOURCES: Readonly<Record<string, Namespaces>> = {
  DYNAMIC: dynamic,
  CLUSTER: (info, namespace) => inside(info.upstreamClusterMetadata, namespace),
  UPSTREAM_HOST: (info, namespace) => inside(info.upstreamConnection?.host.metadata, namespace),
  ROUTE: (info, namespace) => inside(info.routeMetadata, namespace),
  VIRTUAL_HOST: (info, namespace) => inside(info.virtualHostMetadata, namespace),
  LISTENER: (info, namespace) => inside(info.downstream.listenerMetadata, namespace),
  LISTENER_FILTER_CHAIN: (info, namespace) => inside(info.downstream.filterChainMetadata, namespace),
};

/** `NAMESPACE:KEY:KEY…`: as deep as there are keys. */
function metadataProvider(source: Namespaces, argument: string): ValueProvider {
  const [namespace = '', ...keys] = argument.split(':');
  return ({ info }) => valueOf(keys.reduce(inside, source(info, namespace)));
}

const metadataOf = (source: string, cut: boolean): Operator => ({
  argument: 'required',
  cut,
  create: (argument) => metadataProvider(SOURCES[source] as Namespaces, argument),
});

/** `METADATA(SOURCE:NAMESPACE:KEY…)`. Source: envoy.extensions.formatter.metadata.v3.Metadata. */
const metadata: Operator = {
  argument: 'required',
  cut: true,
  check: (argument) =>
    Object.hasOwn(SOURCES, argument.split(':', 1)[0] as string)
      ? undefined
      : `wants whose metadata it is first, one of ${Object.keys(SOURCES).join(', ')}`,
  create(argument) {
    const [source = '', ...rest] = argument.split(':');
    return metadataProvider(SOURCES[source] as Namespaces, rest.join(':'));
  },
};

/** `KEY:FORM`. Objects that filters leave have a text, and neither a message nor fields to show. */
function stateProvider(argument: string): ValueProvider {
  const [key = '', form] = argument.split(':');
  return form === 'PLAIN' ? ({ info }) => info.downstream.filterState?.text(key) : () => undefined;
}

const filterState = (create: (argument: string) => ValueProvider): Operator => ({
  argument: 'required',
  cut: true,
  check: (argument) =>
    /^[^:]+(?::(?:PLAIN|TYPED|FIELD:.+))?$/.test(argument)
      ? undefined
      : 'takes a key, and PLAIN, TYPED or FIELD:name behind it',
  create,
});

/** What configuration says of things, and what filters leave on their way. Source: Envoy's access log format strings. */
export const stateOperators: Readonly<Record<string, Operator>> = {
  DYNAMIC_METADATA: metadataOf('DYNAMIC', true),
  CLUSTER_METADATA: metadataOf('CLUSTER', false),
  UPSTREAM_METADATA: metadataOf('UPSTREAM_HOST', false),
  METADATA: metadata,
  FILTER_STATE: filterState(stateProvider),
  // Only an upstream_log has one in Envoy.
  UPSTREAM_FILTER_STATE: filterState(() => () => undefined),
};
