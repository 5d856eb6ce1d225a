/** Where a listener is bound. */
export type ListenerAddress =
  | { readonly kind: 'socket'; readonly ip: string; readonly port: number; readonly ipv4Compat: boolean }
  /** `mode` 0: what the process's umask leaves. */
  | { readonly kind: 'pipe'; readonly path: string; readonly mode: number }
  /** No address: other parts of the same proxy connect by the listener's name. */
  | { readonly kind: 'internal'; readonly name: string };

/** `0.0.0.0_8080`: how stat names write a listener's address. */
export function listenerStatName(address: ListenerAddress): string {
  if (address.kind === 'socket') return `${address.ip.includes(':') ? `[${address.ip}]` : address.ip}_${address.port}`;
  return address.kind === 'pipe' ? address.path : `envoy_internal_${address.name}`;
}

/** `0.0.0.0:8080`, the path, or `envoy://name/`. */
export function listenerAddressText(address: ListenerAddress): string {
  if (address.kind === 'socket') return `${address.ip.includes(':') ? `[${address.ip}]` : address.ip}:${address.port}`;
  return address.kind === 'pipe' ? address.path : `envoy://${address.name}/`;
}
