import type { Operator, ValueProvider } from './operator.ts';

/** What a value of dynamic metadata is printed as: text as it is, all else as JSON. */
function textOf(value: unknown): string | undefined {
  if (value === undefined) return undefined;
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function inside(value: unknown, key: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
  return (value as Readonly<Record<string, unknown>>)[key];
}

/** `NAMESPACE:KEY:KEY…`: as deep as there are keys. Requests have metadata of their own, and no filter that leaves any yet. */
function metadataProvider(argument: string): ValueProvider {
  const [namespace = '', ...keys] = argument.split(':');
  return ({ info }) =>
    info.protocol === '' ? textOf(keys.reduce(inside, info.downstream.metadata?.get(namespace))) : undefined;
}

/** `KEY:FORM`. Objects that filters leave have a text, and neither a message nor fields to show. */
function stateProvider(argument: string): ValueProvider {
  const [key = '', form] = argument.split(':');
  return form === 'PLAIN' ? ({ info }) => info.downstream.filterState?.text(key) : () => undefined;
}

/** What filters leave on their way. Source: Envoy's access log format strings. */
export const stateOperators: Readonly<Record<string, Operator>> = {
  DYNAMIC_METADATA: { argument: 'required', cut: true, create: metadataProvider },
  FILTER_STATE: {
    argument: 'required',
    cut: true,
    check: (argument) =>
      /^[^:]+(?::(?:PLAIN|TYPED|FIELD:.+))?$/.test(argument)
        ? undefined
        : 'takes a key, and PLAIN, TYPED or FIELD:name behind it',
    create: stateProvider,
  },
};
