import type { DescField, DescMessage, Message } from '@bufbuild/protobuf';
import type { Any } from '@bufbuild/protobuf/wkt';
import type { DecodeContext } from '../decode-context.ts';
import { listed } from '../read-scalar.ts';
import { fieldValue, messagesIn } from '../message-fields.ts';
import { openAny } from '../open-any.ts';
import { registry } from '../registry.ts';
import { rulesOf, type FieldPlan } from './compile-rules.ts';
import type { Check } from './check.ts';

/** Looks at one message of those that are validated, wherever it lies; an Any is looked at before what it holds. */
export type MessageVisitor = (message: Message, at: () => DecodeContext) => void;

/**
 * Reports everything in a message that breaks the rules of the API (`validate.rules`), also in the messages inside its Any
 * fields. An Any that cannot be opened is left to its decoder, which reports it. `visit` is called for every message on the way.
 */
export function validateMessage(message: Message, cx: DecodeContext, visit?: MessageVisitor): void {
  const desc = registry().getMessage(message.$typeName);
  if (desc !== undefined) new Validator(cx, visit).message(message, desc);
}

class Validator {
  private readonly cx: DecodeContext;
  private readonly visit: MessageVisitor | undefined;
  /** The way from the root to the value at hand: joined to a path only when there is something to say. */
  private readonly way: (string | number)[] = [];

  constructor(cx: DecodeContext, visit: MessageVisitor | undefined) {
    this.cx = cx;
    this.visit = visit;
  }

  message(message: Message, desc: DescMessage): void {
    this.visit?.(message, () => this.cx.at(...this.way));
    if (desc.typeName === 'google.protobuf.Any') {
      this.any(message as Any);
      return;
    }
    const rules = rulesOf(desc);
    for (const { name, localName, members } of rules.requiredOneofs) {
      const oneof = (message as unknown as Record<string, { readonly case?: string }>)[localName];
      if (oneof?.case === undefined) this.tell(`has no ${name}`, { expected: listed(members) });
    }
    for (const plan of rules.fields) {
      this.way.push(plan.field.name);
      this.field(fieldValue(message, plan.field), plan);
      this.way.pop();
    }
  }

  private any(any: Any): void {
    if (any.typeUrl === '') return;
    const opened = openAny(any);
    if (opened.kind !== 'message') return;
    const desc = registry().getMessage(opened.message.$typeName);
    if (desc !== undefined) this.message(opened.message, desc);
  }

  private field(value: unknown, plan: FieldPlan): void {
    if (value === undefined) {
      // A oneof's rules are its members' only if they are set: that one must be is the oneof's own rule.
      if (plan.required && plan.field.oneof === undefined) this.tell('is missing', expectedType(plan.field));
      return;
    }
    this.check(plan.checks, value);
    if (plan.elementChecks.length + plan.keyChecks.length > 0) this.elements(value as object, plan);
    if (!plan.descend || plan.field.message === undefined) return;
    for (const [path, message] of messagesIn(value, plan.field)) {
      this.way.push(...path);
      this.message(message, plan.field.message);
      this.way.length -= path.length;
    }
  }

  private elements(elements: object, plan: FieldPlan): void {
    const isList = Array.isArray(elements);
    for (const [key, element] of Object.entries(elements)) {
      this.way.push(isList ? Number(key) : key);
      if (!isList) this.check(plan.keyChecks, key);
      this.check(plan.elementChecks, element);
      this.way.pop();
    }
  }

  private check(checks: readonly Check[], value: unknown): void {
    for (const check of checks) check(value, this.tell);
  }

  private readonly tell = (message: string, hint = {}): void => {
    this.cx.at(...this.way).error(message, hint);
  };
}

function expectedType(field: DescField): { readonly expected?: string } {
  return field.message === undefined ? {} : { expected: field.message.typeName };
}
