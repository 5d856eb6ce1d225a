import type { DescEnum, DescField, DescFile, DescMessage } from '@bufbuild/protobuf';
import type { IndexedType } from './descriptor-index.ts';

/** Who has the types' files parsed. */
export interface TypeLoader {
  /** Parses the file that declares the type, and calls `become` on it. */
  load(type: LateType): void;
}

/**
 * A message or an enum that is known by name alone until somebody looks into it: then its file is parsed, and this object
 * becomes the descriptor. Everything that refers to the type refers to this object, before and after.
 */
export class LateType {
  readonly kind: 'message' | 'enum';
  readonly typeName: string;
  private readonly loader: TypeLoader;

  constructor(type: IndexedType, loader: TypeLoader) {
    this.kind = type.kind as 'message' | 'enum';
    this.typeName = type.typeName;
    this.loader = loader;
    // Descriptors are compared and printed by tests and tools: this is none of what they say.
    Object.defineProperty(this, 'loader', { enumerable: false });
  }

  /** Takes over what the parsed descriptor says. What it says then hides what is looked up here. */
  become(desc: DescMessage | DescEnum): void {
    for (const [name, value] of Object.entries(desc))
      Object.defineProperty(this, name, { value, writable: true, enumerable: true, configurable: true });
  }

  toString(): string {
    return `${this.kind} ${this.typeName}`;
  }

  look(name: string): unknown {
    return name === 'fields' ? this.lateFields() : this.looked(name);
  }

  private looked(name: string): unknown {
    this.loader.load(this);
    return Object.getOwnPropertyDescriptor(this, name)?.value;
  }

  /**
   * The library takes the first field of each message that another one refers to, and then looks at the message's name to see
   * whether it cares. Taking it must not have the file parsed, or files would come with all their neighbours.
   */
  private lateFields(): readonly DescField[] {
    let known: readonly DescField[] | undefined;
    const fields = (): readonly DescField[] => (known ??= this.looked('fields') as readonly DescField[]);
    const first = new Proxy({} as DescField, { get: (_, key) => Reflect.get(fields()[0] ?? {}, key) as unknown });
    return new Proxy([] as DescField[], {
      get: (_, key) => (key === '0' && known === undefined ? first : (Reflect.get(fields(), key) as unknown)),
      has: (_, key) => Reflect.has(fields(), key),
    });
  }
}

const LOOKED_UP = [
  'proto',
  'deprecated',
  'file',
  'parent',
  'name',
  'fields',
  'field',
  'oneofs',
  'members',
  'nestedEnums',
  'nestedMessages',
  'nestedExtensions',
  'open',
  'value',
  'values',
  'sharedPrefix',
];
for (const name of LOOKED_UP)
  Object.defineProperty(LateType.prototype, name, {
    configurable: true,
    get(this: LateType) {
      return this.look(name);
    },
  });

/** Puts the registry's own objects in the place of those that parsing made, wherever a file's descriptors refer to them. */
export function referTo(file: DescFile, late: (typeName: string) => LateType | undefined): void {
  const own = <T extends { readonly typeName: string }>(type: T): T => (late(type.typeName) as T | undefined) ?? type;
  relink(file, 'messages', own);
  relink(file, 'enums', own);
  for (const extension of file.extensions) {
    referField(extension, own);
    // The library copies what is extended, and does not look things up for that.
    void extension.extendee.file;
  }
  for (const message of file.messages) referMessage(message, own);
  for (const type of file.enums) referEnum(type);
}

type Own = <T extends { readonly typeName: string }>(type: T) => T;

function relink(holder: object, list: string, own: Own): void {
  const types = (holder as Record<string, { readonly typeName: string }[]>)[list] ?? [];
  for (const [at, type] of types.entries()) {
    const mine = own(type);
    if (mine !== type) (mine as unknown as LateType).become(type as unknown as DescMessage);
    types[at] = mine;
  }
}

function referMessage(message: DescMessage, own: Own): void {
  relink(message, 'nestedMessages', own);
  relink(message, 'nestedEnums', own);
  for (const field of message.fields) {
    set(field, 'parent', message);
    referField(field, own);
  }
  for (const oneof of message.oneofs) set(oneof, 'parent', message);
  for (const extension of message.nestedExtensions) {
    set(extension, 'parent', message);
    referField(extension, own);
  }
  for (const nested of message.nestedMessages) {
    set(nested, 'parent', message);
    referMessage(nested, own);
  }
  for (const nested of message.nestedEnums) {
    set(nested, 'parent', message);
    referEnum(nested);
  }
}

function referEnum(type: DescEnum): void {
  for (const value of type.values) set(value, 'parent', type);
}

function referField(
  field: { readonly message?: DescMessage | undefined; readonly enum?: DescEnum | undefined },
  own: Own,
) {
  if (field.message !== undefined) set(field, 'message', own(field.message));
  if (field.enum !== undefined) set(field, 'enum', own(field.enum));
}

function set(target: object, name: string, value: unknown): void {
  (target as Record<string, unknown>)[name] = value;
}
