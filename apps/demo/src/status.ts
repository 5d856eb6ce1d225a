import type { EdgeFigures } from './figures/edge-figures.ts';
import type { SettingName, Settings } from './settings.ts';

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
  /** The folder of the mesh's documents. */
  readonly meshFolder: string;
  readonly documents: readonly DocumentStatus[];
  readonly processes: readonly ProcessStatus[];
  readonly edges: readonly EdgeFigures[];
  /** What each service itself answers its sidecar. */
  readonly apps: readonly EdgeFigures[];
}

/** A document in the folder of the mesh; the page shows it as `/mesh/<file>`. */
export interface DocumentStatus {
  readonly file: string;
  /** Where in the file it begins, or is at fault. */
  readonly line: number | null;
  readonly kind: string;
  readonly name: string;
  /** What it says, for the demo's own. */
  readonly what: string;
  /** Somebody else put it there. */
  readonly isAdded: boolean;
  /** What the control plane says becomes of it; empty before it was asked. */
  readonly status: string;
  /** It is refused, missing, or does not do what it says. */
  readonly isFault: boolean;
  readonly switch: SettingName | null;
  /** Ids of the edges that it steers. */
  readonly edges: readonly string[];
}

export interface ProcessStatus {
  readonly name: string;
  readonly kind: 'control-plane' | 'service' | 'proxy' | 'redis';
  readonly pid: number | null;
  /** The `weft run` that started it. */
  readonly agent: number | null;
  readonly alive: boolean;
  readonly restarts: number;
  /** `inbound 18301`, … */
  readonly ports: readonly { readonly what: string; readonly port: number }[];
  /** The proxy's admin page. */
  readonly admin: string | null;
  readonly log: string | null;
}
