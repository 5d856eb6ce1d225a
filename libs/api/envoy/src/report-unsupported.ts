import type { DescField, DescMessage, Message } from '@bufbuild/protobuf';
import type { Any } from '@bufbuild/protobuf/wkt';
import type { DecodeContext } from './decode-context.ts';
import { fieldValue, isSet, messagesIn } from './message-fields.ts';
import { openAny } from './open-any.ts';
import { registry } from './registry.ts';
import type { FieldSupport } from './support.ts';

const NO_EFFECT = 'is known to Envoy and not implemented by Weft yet: it has no effect';

/**
 * Warns of every field that is set and not in the list of its message's type, and of every Any whose type has no list. What
 * is below such a field is not reported. A message without a list is one of which nothing is implemented. `check` is called
 * for every message that no decoder reads, at its place: what Envoy would refuse there is still a fault.
 */
export function reportUnsupported(
  message: Message,
  support: FieldSupport,
  cx: DecodeContext,
  check?: UnreadCheck,
): void {
  const desc = registry().getMessage(message.$typeName);
  if (desc !== undefined) new Reporter(support, cx, check).message(message, desc);
}

export type UnreadCheck = (message: Message, cx: DecodeContext) => void;

type Lists = ReadonlyMap<string, ReadonlySet<string>>;

/** The lists are hundreds, and the same for every resource of a proxy. */
const known = new WeakMap<FieldSupport, Lists>();

function listsOf(support: FieldSupport): Lists {
  let lists = known.get(support);
  if (lists === undefined) {
    lists = new Map(Object.entries(support).map(([type, fields]) => [type, new Set(fields)]));
    known.set(support, lists);
  }
  return lists;
}

class Reporter {
  private readonly cx: DecodeContext;
  private readonly lists: Lists;
  private readonly check: UnreadCheck | undefined;
  private readonly way: (string | number)[] = [];

  constructor(support: FieldSupport, cx: DecodeContext, check: UnreadCheck | undefined) {
    this.cx = cx;
    this.check = check;
    this.lists = listsOf(support);
  }

  message(message: Message, desc: DescMessage): void {
    if (desc.typeName === 'google.protobuf.Any') {
      this.any(message as Any);
      return;
    }
    // The types of protobuf itself are values: who implements a field of them implements them.
    if (desc.typeName.startsWith('google.protobuf.')) return;
    const list = this.lists.get(desc.typeName);
    for (const field of desc.fields) {
      if (!isSet(message, field)) continue;
      this.way.push(field.name);
      if (list?.has(field.name) === true) this.below(message, field);
      else {
        this.warn(NO_EFFECT);
        this.unreadBelow(message, field);
      }
      this.way.pop();
    }
  }

  private below(message: Message, field: DescField): void {
    if (field.message === undefined) return;
    for (const [path, child] of messagesIn(fieldValue(message, field), field)) {
      this.way.push(...path);
      this.message(child, field.message);
      this.way.length -= path.length;
    }
  }

  private any(any: Any): void {
    if (any.typeUrl === '') return;
    const opened = openAny(any);
    // What cannot be opened is a fault, which its decoder reports.
    if (opened.kind !== 'message') return;
    const { message, typeName } = opened;
    const desc = registry().getMessage(message.$typeName);
    if (!this.lists.has(typeName) && !typeName.startsWith('google.protobuf.')) {
      this.warn(`type ${typeName} ${NO_EFFECT}`);
      if (desc !== undefined) this.unread(message, desc);
    } else if (desc !== undefined) this.message(message, desc);
  }

  /** Shows a message that no decoder reads to the check, and all messages in it. */
  private unread(message: Message, desc: DescMessage): void {
    if (this.check === undefined) return;
    if (desc.typeName === 'google.protobuf.Any') {
      const opened = openAny(message as Any);
      const inner = opened.kind === 'message' ? registry().getMessage(opened.message.$typeName) : undefined;
      if (opened.kind === 'message' && inner !== undefined) this.unread(opened.message, inner);
      return;
    }
    this.check(message, this.cx.at(...this.way));
    for (const field of desc.fields) {
      if (!isSet(message, field)) continue;
      this.way.push(field.name);
      this.unreadBelow(message, field);
      this.way.pop();
    }
  }

  private unreadBelow(message: Message, field: DescField): void {
    if (this.check === undefined || field.message === undefined) return;
    for (const [path, child] of messagesIn(fieldValue(message, field), field)) {
      this.way.push(...path);
      this.unread(child, field.message);
      this.way.length -= path.length;
    }
  }

  private warn(message: string): void {
    this.cx.at(...this.way).warn(message);
  }
}
