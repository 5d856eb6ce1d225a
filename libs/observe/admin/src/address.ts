import type { AdminAddress, Json } from './admin-source.ts';

/** `127.0.0.1:80`, `[::1]:80` or a path. */
export function addressText(address: AdminAddress): string {
  if ('path' in address) return address.path;
  return address.ip.includes(':') ? `[${address.ip}]:${address.port}` : `${address.ip}:${address.port}`;
}

/** `envoy://listener/endpoint`: a listener within the process. */
const INTERNAL = /^envoy:\/\/([^/]*)\/(.*)$/;

/** envoy.config.core.v3.Address. */
export function addressJson(address: AdminAddress): Json {
  if ('path' in address) {
    const [, name, endpoint] = INTERNAL.exec(address.path) ?? [];
    if (name === undefined) return { pipe: { path: address.path } };
    return { envoy_internal_address: { server_listener_name: name, ...(endpoint ? { endpoint_id: endpoint } : {}) } };
  }
  return { socket_address: { address: address.ip, port_value: address.port } };
}
