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
 * is below such a field is not looked at. A message without a list is one of which nothing is implemented.
 */
export function reportUnsupported(message: Message, support: FieldSupport, cx: DecodeContext): void {
  const desc = registry().getMessage(message.$typeName);
  if (desc !== undefined) new Reporter(support, cx).message(message, desc);
}

class Reporter {
  private readonly cx: DecodeContext;
  private readonly lists: ReadonlyMap<string, ReadonlySet<string>>;
  private readonly way: (string | number)[] = [];

  constructor(support: FieldSupport, cx: DecodeContext) {
    this.cx = cx;
    this.lists = new Map(Object.entries(support).map(([type, fields]) => [type, new Set(fields)]));
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
      else this.warn(NO_EFFECT);
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
    if (!this.lists.has(typeName) && !typeName.startsWith('google.protobuf.'))
      this.warn(`type ${typeName} ${NO_EFFECT}`);
    else if (desc !== undefined) this.message(message, desc);
  }

  private warn(message: string): void {
    this.cx.at(...this.way).warn(message);
  }
}
