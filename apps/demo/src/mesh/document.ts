import type { SettingName } from '../settings.ts';
import type { YamlMap } from './yaml.ts';

/** One resource of the mesh, in a file of its own. */
export interface MeshDocument {
  /** Below the folder of documents: `routes/page.yaml`. */
  readonly file: string;
  /** What it says, in one line: the first of the file. */
  readonly comment: string;
  /** Further lines of comment, for who opens the file. */
  readonly hint?: string;
  readonly resource: Resource;
  /** The switch that writes it. */
  readonly switch?: SettingName;
  /** The edges that it steers, as `from→to`. */
  readonly edges: readonly string[];
  /** Who takes it, and the names of its routes there: by these it shows that it is in force. */
  readonly routes?: { readonly proxy: 'gateway' | 'playlists-api'; readonly names: readonly string[] };
}

export interface Resource {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly spec: YamlMap;
}

export const NETWORKING = 'networking.istio.io/v1';
export const SECURITY = 'security.istio.io/v1';
