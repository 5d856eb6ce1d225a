export type { MeshConfigFile } from './mesh-config-file.ts';
export { TextPlace, type ConfigObject, type ObjectPlace } from './config-object.ts';
export { ObjectFiles, type ObjectChanges, type ObjectSet, type RefusedDocument } from './object-set.ts';
export { CONFIG_FILE, LEADS_BACK, leadsBack, noFile } from './config-path.ts';
export {
  DirectorySource,
  type AgeMemory,
  type DirectorySourceOptions,
  type ObjectWatcher,
} from './directory-source.ts';
