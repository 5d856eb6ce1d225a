import {
  createFileRegistry,
  fromBinary,
  type DescEnum,
  type DescExtension,
  type DescFile,
  type DescMessage,
  type DescService,
  type FileRegistry,
} from '@bufbuild/protobuf';
import { FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { indexDescriptors, type DescriptorIndex } from './descriptor-index.ts';

/** The Envoy release whose API this is. */
export const ENVOY_API_VERSION = '1.40.0';

type DescType = DescMessage | DescEnum | DescExtension | DescService;

let loaded: LazyRegistry | undefined;

/**
 * All messages, enums and extensions of the API. A file of the API is parsed when a type in it is first asked for: a
 * sidecar's configuration touches some eighty of the seven hundred. Ranging over the registry parses them all.
 */
export function registry(): FileRegistry {
  return lazyRegistry();
}

/** The full names of all messages, without parsing anything. */
export function messageNames(): readonly string[] {
  return lazyRegistry().index.messageNames;
}

/** The descriptor set: beside the sources, or beside a bundle. */
export function descriptorFile(): string {
  return fileURLToPath(new URL(`../descriptors/envoy-${ENVOY_API_VERSION}.binpb`, import.meta.url));
}

/** `type.googleapis.com/envoy.config.core.v3.Node` is `envoy.config.core.v3.Node`. */
export function typeNameOfUrl(url: string): string {
  return url.slice(url.lastIndexOf('/') + 1);
}

function lazyRegistry(): LazyRegistry {
  loaded ??= new LazyRegistry(indexDescriptors(readFileSync(descriptorFile())));
  return loaded;
}

class LazyRegistry implements FileRegistry {
  readonly kind = 'registry';
  readonly index: DescriptorIndex;
  private readonly parsed = new Map<string, DescFile>();
  private readonly types = new Map<string, DescType>();
  private readonly extensions = new Map<string, DescExtension>();

  constructor(index: DescriptorIndex) {
    this.index = index;
  }

  get files(): Iterable<DescFile> {
    for (const name of this.index.files.keys()) this.parse(name);
    return this.parsed.values();
  }

  getFile(fileName: string): DescFile | undefined {
    return this.index.files.has(fileName) ? this.parse(fileName) : undefined;
  }

  [Symbol.iterator](): IterableIterator<DescType> {
    for (const name of this.index.files.keys()) this.parse(name);
    return this.types.values();
  }

  get(typeName: string): DescType | undefined {
    const known = this.types.get(typeName);
    if (known !== undefined) return known;
    const file = this.index.fileOfType.get(typeName);
    if (file === undefined) return undefined;
    this.parse(file);
    return this.types.get(typeName);
  }

  getMessage(typeName: string): DescMessage | undefined {
    const type = this.get(typeName);
    return type?.kind === 'message' ? type : undefined;
  }

  getEnum(typeName: string): DescEnum | undefined {
    const type = this.get(typeName);
    return type?.kind === 'enum' ? type : undefined;
  }

  getExtension(typeName: string): DescExtension | undefined {
    const type = this.get(typeName);
    return type?.kind === 'extension' ? type : undefined;
  }

  /** Finds extensions in files that are parsed already: those that a message of a parsed file can carry. */
  getExtensionFor(extendee: DescMessage, no: number): DescExtension | undefined {
    return this.extensions.get(`${extendee.typeName}/${no}`);
  }

  getService(typeName: string): DescService | undefined {
    const type = this.get(typeName);
    return type?.kind === 'service' ? type : undefined;
  }

  private parse(name: string): DescFile {
    const known = this.parsed.get(name);
    if (known !== undefined) return known;
    const indexed = this.index.files.get(name);
    if (indexed === undefined) throw new Error(`the descriptor set lacks ${name}`);
    for (const dependency of indexed.dependencies) this.parse(dependency);
    const proto = fromBinary(FileDescriptorProtoSchema, indexed.bytes);
    // A file needs its direct imports only. Shown without imports of their own, they are not walked again for each file.
    const shallow = (dependency: string): DescFile => ({ ...this.parse(dependency), dependencies: [] });
    const file = createFileRegistry(proto, shallow).getFile(name) as DescFile;
    this.parsed.set(name, file);
    this.addTypes(file);
    return file;
  }

  private addTypes(scope: DescFile | DescMessage): void {
    const messages = scope.kind === 'file' ? scope.messages : scope.nestedMessages;
    const enums = scope.kind === 'file' ? scope.enums : scope.nestedEnums;
    const extensions = scope.kind === 'file' ? scope.extensions : scope.nestedExtensions;
    for (const message of messages) {
      this.types.set(message.typeName, message);
      this.addTypes(message);
    }
    for (const type of enums) this.types.set(type.typeName, type);
    for (const extension of extensions) {
      this.types.set(extension.typeName, extension);
      this.extensions.set(`${extension.extendee.typeName}/${extension.number}`, extension);
    }
    if (scope.kind === 'file') for (const service of scope.services) this.types.set(service.typeName, service);
  }
}
