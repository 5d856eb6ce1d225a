import { readFileSync } from 'node:fs';
import { httpCall } from './http-call.ts';

/** What a sidecar says of itself. */
export interface SidecarState {
  /** Its initialization is over. */
  readonly live: boolean;
  /** It has clusters and listeners of the control plane, and none of them waits for something. */
  readonly configured: boolean;
}

/** Asks a proxy's admin server; ours and Envoy's answer alike. */
export interface SidecarAdmin {
  /** `http://ip:port`; undefined while nobody listens. */
  url(): string | undefined;
  /** Undefined: it does not answer. */
  state(): Promise<SidecarState | undefined>;
  /** Inbound listeners tell their clients to go elsewhere, and go on serving them. */
  drain(): Promise<void>;
}

const TIMEOUT_MS = 2000;
const STATS = '^(cluster_manager.cds.update_success|listener_manager.(lds.update_success|total_listeners_warming))$';

/** By the file into which the proxy writes where its admin server listens (`--admin-address-path`). */
export function adminAt(addressFile: string): SidecarAdmin {
  const url = (): string | undefined => {
    try {
      return `http://${readFileSync(addressFile, 'utf8').trim()}`;
    } catch {
      return undefined;
    }
  };
  const ask = async (path: string, method = 'GET'): Promise<{ status: number; body: string } | undefined> => {
    const server = url();
    if (server === undefined) return undefined;
    try {
      return await httpCall({ server, method, path, headers: {}, body: '', timeoutMs: TIMEOUT_MS });
    } catch {
      return undefined;
    }
  };
  return {
    url,
    state: async () => {
      const ready = await ask('/ready');
      if (ready === undefined) return undefined;
      if (ready.status !== 200) return { live: false, configured: false };
      const stats = await ask(`/stats?filter=${encodeURIComponent(STATS)}`);
      return { live: true, configured: isConfigured(stats?.body ?? '') };
    },
    drain: async () => void (await ask('/drain_listeners?inboundonly&graceful&skip_exit', 'POST')),
  };
}

function isConfigured(stats: string): boolean {
  const value = (name: string): number =>
    Number(new RegExp(`^${name.replaceAll('.', '\\.')}: (\\d+)$`, 'm').exec(stats)?.[1] ?? NaN);
  return (
    value('cluster_manager.cds.update_success') > 0 &&
    value('listener_manager.lds.update_success') > 0 &&
    value('listener_manager.total_listeners_warming') === 0
  );
}
