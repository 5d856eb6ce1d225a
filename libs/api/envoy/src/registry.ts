import { createFileRegistry, fromBinary, type FileRegistry } from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The Envoy release whose API this is. */
export const ENVOY_API_VERSION = '1.40.0';

let loaded: FileRegistry | undefined;

/** All messages, enums and extensions of the API. Loaded at the first use, which takes a few tenths of a second. */
export function registry(): FileRegistry {
  loaded ??= createFileRegistry(fromBinary(FileDescriptorSetSchema, readFileSync(descriptorFile())));
  return loaded;
}

/** The descriptor set: beside the sources, or beside a bundle. */
export function descriptorFile(): string {
  return fileURLToPath(new URL(`../descriptors/envoy-${ENVOY_API_VERSION}.binpb`, import.meta.url));
}

/** `type.googleapis.com/envoy.config.core.v3.Node` is `envoy.config.core.v3.Node`. */
export function typeNameOfUrl(url: string): string {
  return url.slice(url.lastIndexOf('/') + 1);
}
