import type { EdgeFigures } from './figures/edge-figures.ts';
import type { Settings } from './settings.ts';

/** What `/status.json` answers, and what the status page and `weft demo status` show. */
export interface Status {
  readonly state: 'starting' | 'running' | 'stopping';
  readonly page: string;
  readonly api: string;
  readonly statusPage: string;
  readonly redis: string;
  /** What runs in the sidecars: `weft proxy`, or the path of an Envoy. */
  readonly proxy: string;
  readonly zipkin: string | null;
  readonly uptimeSeconds: number;
  readonly settings: Settings;
  readonly remarks: readonly string[];
  readonly processes: readonly ProcessStatus[];
  readonly edges: readonly EdgeFigures[];
  /** What each service itself answers its sidecar. */
  readonly apps: readonly EdgeFigures[];
}

export interface ProcessStatus {
  readonly name: string;
  readonly kind: 'service' | 'proxy' | 'redis';
  readonly pid: number | null;
  readonly alive: boolean;
  readonly restarts: number;
  /** `inbound 18301`, … */
  readonly ports: readonly { readonly what: string; readonly port: number }[];
  /** The proxy's admin page. */
  readonly admin: string | null;
  readonly log: string | null;
}
