export type { MeshConfigFile } from './mesh-config-file.ts';
export { TextPlace, type ConfigObject, type ObjectPlace } from './config-object.ts';
export { ObjectFiles, type ObjectChanges, type ObjectSet, type RefusedDocument } from './object-set.ts';
export {
  DirectorySource,
  type AgeMemory,
  type DirectorySourceOptions,
  type ObjectWatcher,
} from './directory-source.ts';
