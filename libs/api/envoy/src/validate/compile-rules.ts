import {
  getExtension,
  hasExtension,
  type DescEnum,
  type DescExtension,
  type DescField,
  type DescMessage,
  type Message,
} from '@bufbuild/protobuf';
import type { Any } from '@bufbuild/protobuf/wkt';
import type { AnyRules, EnumRules, FieldRules, MapRules, RepeatedRules } from '../../gen/validate/validate_pb.js';
import { listed } from '../read-scalar.ts';
import { wrappedType } from '../read-well-known.ts';
import { registry } from '../registry.ts';
import { given, unlessEmpty, type Check } from './check.ts';
import { availabilityChecks } from './check-available.ts';
import { checkBytes } from './check-bytes.ts';
import { checkOrder, orderRules, type NumberRules } from './check-order.ts';
import { checkString } from './check-string.ts';
import { checkDuration, checkTimestamp } from './check-time.ts';

/** The rules of one message type, compiled once. */
export interface MessageRules {
  readonly fields: readonly FieldPlan[];
  /** The oneofs of which one member must be set. */
  readonly requiredOneofs: readonly RequiredOneof[];
}

/** By its name in the proto and its name in the library. */
export interface RequiredOneof {
  readonly name: string;
  readonly localName: string;
  readonly members: readonly string[];
}

/** What to look at in one field. Fields with nothing to look at have none. */
export interface FieldPlan {
  readonly field: DescField;
  /** A message that must be there. */
  readonly required: boolean;
  /** Whether the rules of the messages in it count. */
  readonly descend: boolean;
  /** On the field as a whole. */
  readonly checks: readonly Check[];
  /** On each element of a list, and on each value of a map. */
  readonly elementChecks: readonly Check[];
  readonly keyChecks: readonly Check[];
}

const compiled = new WeakMap<DescMessage, MessageRules>();

/** The rules that a message type carries in its options: `validate.rules`, `validate.required`. */
export function rulesOf(desc: DescMessage): MessageRules {
  let rules = compiled.get(desc);
  if (rules === undefined) {
    rules = compileMessage(desc);
    compiled.set(desc, rules);
  }
  return rules;
}

function compileMessage(desc: DescMessage): MessageRules {
  if (option(desc.proto.options, 'validate.disabled') === true) return { fields: [], requiredOneofs: [] };
  const oneofs = desc.oneofs.filter((oneof) => option(oneof.proto.options, 'validate.required') === true);
  return {
    fields: desc.fields.map(compileField).filter((plan) => isWorthALook(plan)),
    requiredOneofs: oneofs.map(({ name, localName, fields }) => ({
      name,
      localName,
      members: fields.map((field) => field.name),
    })),
  };
}

function isWorthALook(plan: FieldPlan): boolean {
  return plan.descend || plan.required || plan.checks.length + plan.elementChecks.length + plan.keyChecks.length > 0;
}

function compileField(field: DescField): FieldPlan {
  const rules = option(field.proto.options, 'validate.rules') as FieldRules | undefined;
  const descends = field.message !== undefined && (field.fieldKind !== 'map' || field.mapKind === 'message');
  const none: FieldPlan = {
    field,
    required: false,
    descend: descends,
    checks: availabilityChecks(field),
    elementChecks: [],
    keyChecks: [],
  };
  if (rules === undefined) return none;
  const { message, type } = rules;
  const plan: FieldPlan = {
    ...none,
    required: (message !== undefined && given(message, 'required') === true) || requiredByType(type, field),
    descend: descends && (message === undefined || given(message, 'skip') !== true),
  };
  if (type.case === 'repeated') {
    const elementChecks = type.value.items === undefined ? [] : elementChecksOf(type.value.items, field);
    return { ...plan, checks: [listCheck(type.value)], elementChecks };
  }
  if (type.case === 'map') {
    const { keys, values } = type.value;
    const keyChecks = keys === undefined ? [] : elementChecksOf(keys, field);
    return {
      ...plan,
      checks: [mapCheck(type.value)],
      keyChecks,
      elementChecks: values === undefined ? [] : elementChecksOf(values, field),
    };
  }
  return { ...plan, checks: [...none.checks, ...elementChecksOf(rules, field)] };
}

function requiredByType(type: FieldRules['type'], field: DescField): boolean {
  if (type.case === 'any') return isOf(field, 'google.protobuf.Any') && given(type.value, 'required') === true;
  return (type.case === 'duration' || type.case === 'timestamp') && given(type.value, 'required') === true;
}

function elementChecksOf(rules: FieldRules, field: DescField): Check[] {
  const checks = plainChecksOf(rules, field);
  return field.message !== undefined && wrappedType(field.message) !== undefined ? checks.map(unwrapped) : checks;
}

function plainChecksOf({ type }: FieldRules, field: DescField): Check[] {
  switch (type.case) {
    case 'string':
      return [checkString(type.value)];
    case 'bytes':
      return [checkBytes(type.value)];
    case 'bool':
      return [constantCheck(type.value.const)];
    case 'enum':
      return field.enum === undefined ? [] : [enumCheck(type.value, field.enum)];
    case 'duration':
      return [checkDuration(type.value)];
    case 'timestamp':
      return [checkTimestamp(type.value)];
    case 'any':
      return isOf(field, 'google.protobuf.Any') ? [anyCheck(type.value)] : [];
    case undefined:
    case 'repeated':
    case 'map':
      return [];
    default:
      return [numberCheck(type.value)];
  }
}

function numberCheck(rules: NumberRules & { readonly ignoreEmpty: boolean }): Check {
  const check = checkOrder(orderRules(rules));
  return given(rules, 'ignoreEmpty') === true ? unlessEmpty(check, (value) => value === 0 || value === 0n) : check;
}

/** In a list or a oneof, a wrapper is a message; elsewhere the library holds its value. */
function unwrapped(check: Check): Check {
  return (value, tell) => check((value as { readonly value: unknown }).value ?? value, tell);
}

function constantCheck(constant: boolean): Check {
  return (value, tell) => {
    if (value !== constant) tell(`is ${String(value)}`, { expected: String(constant) });
  };
}

function enumCheck(rules: EnumRules, type: DescEnum): Check {
  const nameOf = (number: number): string => type.value[number]?.name ?? String(number);
  const constant = given(rules, 'const');
  return (value, tell) => {
    const number = value as number;
    const is = `is ${nameOf(number)}`;
    if (given(rules, 'definedOnly') === true && type.value[number] === undefined)
      tell(`${number} is no value of ${type.typeName}`, { expected: listed(type.values.map((one) => one.name)) });
    if (constant !== undefined && number !== constant) tell(is, { expected: nameOf(constant) });
    if (rules.in.length > 0 && !rules.in.includes(number)) tell(is, { expected: listed(rules.in.map(nameOf)) });
    if (rules.notIn.includes(number)) tell(is, { expected: `none of ${rules.notIn.map(nameOf).join(', ')}` });
  };
}

function anyCheck(rules: AnyRules): Check {
  return (value, tell) => {
    const { typeUrl } = value as Any;
    if (rules.in.length > 0 && !rules.in.includes(typeUrl))
      tell(`has type "${typeUrl}"`, { expected: listed(rules.in) });
    if (rules.notIn.includes(typeUrl)) tell(`has type "${typeUrl}"`, { expected: `none of ${rules.notIn.join(', ')}` });
  };
}

function listCheck(rules: RepeatedRules): Check {
  const least = given(rules, 'minItems');
  const most = given(rules, 'maxItems');
  const check: Check = (value, tell) => {
    const items = value as readonly unknown[];
    if (least !== undefined && items.length < least) tell(counted(items.length), { expected: `at least ${least}` });
    if (most !== undefined && items.length > most) tell(counted(items.length), { expected: `at most ${most}` });
    if (given(rules, 'unique') !== true) return;
    const twice = items.find((item, index) => items.indexOf(item) !== index);
    if (twice !== undefined) tell(`has ${shown(twice)} twice`, { expected: 'each value once' });
  };
  return given(rules, 'ignoreEmpty') === true
    ? unlessEmpty(check, (value) => (value as unknown[]).length === 0)
    : check;
}

function mapCheck(rules: MapRules): Check {
  const least = given(rules, 'minPairs');
  const most = given(rules, 'maxPairs');
  const check: Check = (value, tell) => {
    const size = Object.keys(value as object).length;
    if (least !== undefined && size < least) tell(counted(size), { expected: `at least ${least}` });
    if (most !== undefined && size > most) tell(counted(size), { expected: `at most ${most}` });
  };
  return given(rules, 'ignoreEmpty') === true
    ? unlessEmpty(check, (value) => Object.keys(value as object).length === 0)
    : check;
}

function counted(count: number): string {
  return count === 0 ? 'is empty' : `has ${count} elements`;
}

function shown(value: unknown): string {
  return typeof value === 'string' ? JSON.stringify(value) : String(value);
}

function isOf(field: DescField, typeName: string): boolean {
  return field.message?.typeName === typeName;
}

function option(options: Message | undefined, extension: string): unknown {
  const desc = registry().getExtension(extension) as DescExtension;
  return options !== undefined && hasExtension(options, desc) ? getExtension(options, desc) : undefined;
}
