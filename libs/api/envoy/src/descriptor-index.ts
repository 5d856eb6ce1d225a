import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';

/** One file of a descriptor set, not parsed yet. */
export interface IndexedFile {
  /** `envoy/config/core/v3/base.proto` */
  readonly name: string;
  readonly dependencies: readonly string[];
  /** Its FileDescriptorProto, encoded. */
  readonly bytes: Uint8Array;
}

/** What is where in a descriptor set: enough to parse only the files that a configuration uses. */
export interface DescriptorIndex {
  readonly files: ReadonlyMap<string, IndexedFile>;
  /** The file that declares a message, enum, service or extension, by its full name. */
  readonly fileOfType: ReadonlyMap<string, string>;
  readonly messageNames: readonly string[];
}

/** Field numbers of google.protobuf.FileDescriptorProto and DescriptorProto, as far as names are concerned. */
const FILE = { name: 1, package: 2, dependency: 3, message: 4, enum: 5, service: 6, extension: 7 } as const;
const MESSAGE = { name: 1, nested: 3, enum: 4, extension: 6, options: 7 } as const;
/** In google.protobuf.MessageOptions: whether the message only stands for the entries of a map field. */
const MAP_ENTRY = 7;
const SET_FILE = 1;
const NAME = 1;

interface Names {
  readonly types: string[];
  readonly messages: string[];
}

/** Reads the names in an encoded FileDescriptorSet and nothing else, which takes a tenth of parsing it. */
export function indexDescriptors(set: Uint8Array): DescriptorIndex {
  const files = new Map<string, IndexedFile>();
  const fileOfType = new Map<string, string>();
  const messageNames: string[] = [];
  eachBytes(set, (field, bytes) => {
    if (field !== SET_FILE) return;
    const names: Names = { types: [], messages: [] };
    const file = indexFile(bytes, names);
    files.set(file.name, file);
    for (const type of names.types) fileOfType.set(type, file.name);
    messageNames.push(...names.messages);
  });
  return { files, fileOfType, messageNames };
}

function indexFile(bytes: Uint8Array, names: Names): IndexedFile {
  let name = '';
  let prefix = '';
  const dependencies: string[] = [];
  const named: [number, Uint8Array][] = [];
  eachBytes(bytes, (field, value) => {
    if (field === FILE.name) name = text(value);
    else if (field === FILE.package) prefix = `${text(value)}.`;
    else if (field === FILE.dependency) dependencies.push(text(value));
    else if (field >= FILE.message && field <= FILE.extension) named.push([field, value]);
  });
  for (const [field, value] of named) {
    if (field === FILE.message) indexMessage(value, prefix, names);
    else names.types.push(prefix + nameIn(value));
  }
  return { name, dependencies, bytes };
}

function indexMessage(bytes: Uint8Array, prefix: string, names: Names): void {
  const full = prefix + nameIn(bytes);
  if (isMapEntry(bytes)) return;
  names.types.push(full);
  names.messages.push(full);
  eachBytes(bytes, (field, value) => {
    if (field === MESSAGE.nested) indexMessage(value, `${full}.`, names);
    else if (field === MESSAGE.enum || field === MESSAGE.extension) names.types.push(`${full}.${nameIn(value)}`);
  });
}

function isMapEntry(message: Uint8Array): boolean {
  let isEntry = false;
  eachBytes(message, (field, options) => {
    if (field !== MESSAGE.options) return;
    const reader = new BinaryReader(options);
    while (reader.pos < reader.len) {
      const [option, wireType] = reader.tag();
      if (option === MAP_ENTRY) isEntry = reader.bool();
      else reader.skip(wireType, option);
    }
  });
  return isEntry;
}

function nameIn(bytes: Uint8Array): string {
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) {
    const [field, wireType] = reader.tag();
    if (field === NAME && wireType === WireType.LengthDelimited) return reader.string();
    reader.skip(wireType, field);
  }
  return '';
}

function eachBytes(message: Uint8Array, visit: (field: number, value: Uint8Array) => void): void {
  const reader = new BinaryReader(message);
  while (reader.pos < reader.len) {
    const [field, wireType] = reader.tag();
    if (wireType === WireType.LengthDelimited) visit(field, reader.bytes());
    else reader.skip(wireType, field);
  }
}

const decoder = new TextDecoder();

function text(bytes: Uint8Array): string {
  return decoder.decode(bytes);
}
