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
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { indexDescriptors, type DescriptorIndex, type IndexedFile } from './descriptor-index.ts';
import { LateType, referTo, type TypeLoader } from './late-type.ts';
import { readIndex } from './written-index.ts';

/** The Envoy release whose API this is. */
export const ENVOY_API_VERSION = '1.40.0';

type DescType = DescMessage | DescEnum | DescExtension | DescService;

let loaded: LazyRegistry | undefined;

/**
 * All messages, enums and extensions of the API. A file of the API is parsed when somebody first looks into one of its types,
 * which naming it is not: a sidecar's configuration needs some thirty of the seven hundred. Ranging over the registry parses
 * them all.
 */
export function registry(): FileRegistry {
  return lazyRegistry();
}

/** The full names of all messages, without parsing anything. */
export function messageNames(): readonly string[] {
  return lazyRegistry().messageNames();
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
  loaded ??= openRegistry();
  return loaded;
}

function openRegistry(): LazyRegistry {
  const set = readFileSync(descriptorFile());
  // Bundles have it. Sources have none that could be of other descriptors.
  const written = descriptorFile().replace(/binpb$/, 'index');
  const index = existsSync(written) ? readIndex(readFileSync(written, 'latin1'), set.length) : undefined;
  return new LazyRegistry(set, index ?? indexDescriptors(set));
}

class LazyRegistry implements FileRegistry, TypeLoader {
  readonly kind = 'registry';
  private readonly set: Uint8Array;
  private readonly index: DescriptorIndex;
  private readonly fileNamed = new Map<string, IndexedFile>();
  /** The file that declares a message, enum, service or extension, by its full name. */
  private readonly fileOfType = new Map<string, IndexedFile>();
  private readonly late = new Map<string, LateType>();
  private readonly parsed = new Map<string, DescFile>();
  private readonly types = new Map<string, DescType>();
  private readonly extensions = new Map<string, DescExtension>();

  constructor(set: Uint8Array, index: DescriptorIndex) {
    this.set = set;
    this.index = index;
    for (const file of index) {
      this.fileNamed.set(file.name, file);
      for (const { typeName } of file.types) this.fileOfType.set(typeName, file);
    }
  }

  messageNames(): readonly string[] {
    return this.index.flatMap(({ types }) => types.flatMap((type) => (type.kind === 'message' ? [type.typeName] : [])));
  }

  get files(): Iterable<DescFile> {
    for (const file of this.index) this.parse(file);
    return this.parsed.values();
  }

  getFile(fileName: string): DescFile | undefined {
    const file = this.fileNamed.get(fileName);
    return file && this.parse(file);
  }

  [Symbol.iterator](): IterableIterator<DescType> {
    for (const file of this.index) this.parse(file);
    return this.types.values();
  }

  get(typeName: string): DescType | undefined {
    const known = this.types.get(typeName) ?? this.lateType(typeName);
    if (known !== undefined) return known;
    const file = this.fileOfType.get(typeName);
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

  /** Finds extensions in files that are parsed already. */
  getExtensionFor(extendee: DescMessage, no: number): DescExtension | undefined {
    return this.extensions.get(`${extendee.typeName}/${no}`);
  }

  getService(typeName: string): DescService | undefined {
    const type = this.get(typeName);
    return type?.kind === 'service' ? type : undefined;
  }

  load(type: LateType): void {
    this.parse(this.fileOfType.get(type.typeName) as IndexedFile);
  }

  /** The object that stands for a message or an enum, whether its file is parsed or not. */
  private lateType(typeName: string): (LateType & DescType) | undefined {
    let type = this.late.get(typeName);
    if (type === undefined) {
      const indexed = this.fileOfType.get(typeName)?.types.find((one) => one.typeName === typeName);
      if (indexed?.kind !== 'message' && indexed?.kind !== 'enum') return undefined;
      type = new LateType(indexed, this);
      this.late.set(typeName, type);
    }
    return type as LateType & DescType;
  }

  private parse(indexed: IndexedFile): DescFile {
    const known = this.parsed.get(indexed.name);
    if (known !== undefined) return known;
    const proto = fromBinary(FileDescriptorProtoSchema, this.set.subarray(indexed.start, indexed.end));
    const file = createFileRegistry(proto, (name) => this.named(name)).getFile(indexed.name) as DescFile;
    this.parsed.set(indexed.name, file);
    referTo(file, (typeName) => this.lateType(typeName));
    const dependencies = (): unknown[] => proto.dependency.map((name) => this.getFile(name));
    Object.defineProperty(file, 'dependencies', { get: dependencies });
    this.addTypes(file);
    return file;
  }

  /** A file as those that import it need it: its types by their names. */
  private named(name: string): DescFile | undefined {
    const file = this.fileNamed.get(name);
    if (file === undefined) return undefined;
    const types = file.types.flatMap(({ typeName }) => this.lateType(typeName) ?? []);
    // All in one list that is not looked into further: where a message is nested is not known before its file is parsed.
    const lists = {
      messages: [],
      enums: types as unknown as DescEnum[],
      extensions: [],
      services: [],
      dependencies: [],
    };
    return { kind: 'file', name: name.replace(/\.proto$/, ''), proto: { name }, ...lists } as unknown as DescFile;
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
