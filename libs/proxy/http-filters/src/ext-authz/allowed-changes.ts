import type { CheckOutcome, HeaderChange } from '@weft/proxy-ext-authz';
import { isAllowed, type MutationKind, type MutationRules } from './mutation-rules.ts';

type Allowing = Extract<CheckOutcome, { kind: 'ok' }>;

/** The answer without what the rules forbid; undefined where that makes all of it invalid. */
export function allowedChanges(outcome: Allowing, rules: MutationRules | undefined): Allowing | undefined {
  if (rules === undefined) return outcome;
  const may = (kind: MutationKind, name: string, value: string): boolean =>
    isAllowed(rules, kind, name.toLowerCase(), value);
  const changes = outcome.changes.filter((change) => may(kindOf(change), change.name, change.value));
  const remove = outcome.remove.filter((name) => may('remove', name, ''));
  const all = changes.length === outcome.changes.length && remove.length === outcome.remove.length;
  return all || !rules.disallowIsError ? { ...outcome, changes, remove } : undefined;
}

function kindOf({ action }: HeaderChange): MutationKind {
  return action === 'APPEND_IF_EXISTS' ? 'append' : 'set';
}
