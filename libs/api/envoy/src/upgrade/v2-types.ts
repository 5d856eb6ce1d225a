import { getExtension, hasExtension, type DescExtension, type DescMessage } from '@bufbuild/protobuf';
import { registry } from '../registry.ts';

/** The type that a message of today replaced: the API's descriptors say so. */
export function previousTypeOf(desc: DescMessage): string | undefined {
  const versioning = registry().getExtension('udpa.annotations.versioning') as DescExtension;
  const { options } = desc.proto;
  if (options === undefined || !hasExtension(options, versioning)) return undefined;
  const { previousMessageType } = getExtension(options, versioning) as { readonly previousMessageType: string };
  return previousMessageType === '' ? undefined : previousMessageType;
}

let successors: ReadonlyMap<string, string> | undefined;

/** The type that replaced `name`, through all versions since; undefined if `name` is of today or unknown. */
export function successorOf(name: string): string | undefined {
  // Names of the API of today need no look at all the descriptors, which parses them all.
  if (!name.startsWith('envoy.') || /\.v3\./.test(name)) return undefined;
  successors ??= allSuccessors();
  let last: string | undefined;
  for (let next = successors.get(name); next !== undefined && next !== last; next = successors.get(next)) last = next;
  return last;
}

function allSuccessors(): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const type of registry()) {
    if (type.kind !== 'message') continue;
    const previous = previousTypeOf(type);
    if (previous !== undefined) found.set(previous, type.typeName);
  }
  return found;
}
