import type { V1Map } from './v1-map.ts';

/** `tcp://10.0.0.1:80` and `unix:///path` as addresses; anything else as it is, for the reader to refuse. */
export function addressOf(map: V1Map, field: string): unknown {
  const url = map.text(field);
  if (url === undefined) return undefined;
  const tcp = /^tcp:\/\/(?:\[([^\]]+)\]|([^:/]+)):([0-9]+)$/.exec(url);
  if (tcp !== null) return map.at(field, { socket_address: { address: tcp[1] ?? tcp[2], port_value: Number(tcp[3]) } });
  const unix = /^unix:\/\/(.+)$/.exec(url);
  return map.at(field, unix === null ? url : { pipe: { path: unix[1] } });
}
