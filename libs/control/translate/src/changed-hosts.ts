import { toBinary } from '@bufbuild/protobuf';
import { registry } from '@weft/api-envoy';
import type { RouteConfiguration } from '@weft/api-envoy/gen/envoy/config/route/v3/route_pb';
import type { VirtualHost } from '@weft/api-envoy/gen/envoy/config/route/v3/route_components_pb';
import { createHash } from 'node:crypto';
import type { PartFault } from './mending.ts';

/** By what is in them, so that nothing here can be out of date. */
let sound = new Set<string>();
const SOUND_KEPT = 100_000;
const HOST = 'envoy.config.route.v3.VirtualHost';

/** Checks of a route configuration only those virtual hosts in which nothing was found before: of a thousand, one changes. */
export function checkChangedHosts(
  config: RouteConfiguration,
  check: (config: RouteConfiguration) => PartFault[],
): PartFault[] {
  // What they must not have in common can only be told of all of them.
  if (haveTwins(config.virtualHosts)) return check(config);
  const changed = config.virtualHosts
    .map((host, index) => ({ host, index, key: keyOf(host, config) }))
    .filter(({ key }) => key === undefined || !sound.has(key));
  const wrong = new Set<number>();
  const faults = check({ ...config, virtualHosts: changed.map(({ host }) => host) }).map((fault) => {
    const place = /^virtual_hosts\[(\d+)\]/.exec(fault.path)?.[1];
    const index = place === undefined ? undefined : changed[Number(place)]?.index;
    if (place === undefined || index === undefined) return fault;
    wrong.add(index);
    return { ...fault, path: `virtual_hosts[${index}]${fault.path.slice(`virtual_hosts[${place}]`.length)}` };
  });
  if (sound.size + changed.length > SOUND_KEPT) sound = new Set();
  for (const { key, index } of changed) if (key !== undefined && !wrong.has(index)) sound.add(key);
  return faults;
}

function haveTwins(hosts: readonly VirtualHost[]): boolean {
  const names = new Set<string>();
  const domains = new Set<string>();
  for (const host of hosts) {
    if (names.has(host.name)) return true;
    names.add(host.name);
    for (const domain of host.domains) {
      if (domains.has(domain.toLowerCase())) return true;
      domains.add(domain.toLowerCase());
    }
  }
  return false;
}

/** Undefined: it cannot be written. */
function keyOf(host: VirtualHost, { maxDirectResponseBodySizeBytes = 0 }: RouteConfiguration): string | undefined {
  if (!digests.has(host)) digests.set(host, digestOf(host));
  const digest = digests.get(host);
  return digest === undefined ? undefined : `${maxDirectResponseBodySizeBytes} ${digest}`;
}

/** Of hosts that were looked at: what is translated changes no more. */
const digests = new WeakMap<VirtualHost, string | undefined>();

function digestOf(host: VirtualHost): string | undefined {
  const schema = registry().getMessage(HOST);
  if (schema === undefined) return undefined;
  try {
    return createHash('sha256').update(toBinary(schema, host)).digest('base64');
  } catch {
    return undefined;
  }
}
