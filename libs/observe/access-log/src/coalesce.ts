import type { FormatEnvironment, Operator, ValueProvider } from './operator.ts';

/** One of the operators of a COALESCE. */
interface Choice {
  readonly command: string;
  readonly param: string | undefined;
  readonly maxLength: number | undefined;
}

/** Says what is wrong with an operator as it would stand in a format; undefined for nothing. */
export type CheckOperator = (
  name: string,
  argument: string | undefined,
  length: string | undefined,
) => string | undefined;

/** `{"operators": ["NAME", {"command": "REQ", "param": "x", "max_length": 3}]}`, or what is wrong with it. */
function parseChoices(argument: string): readonly Choice[] | string {
  let parsed: unknown;
  try {
    parsed = JSON.parse(argument);
  } catch (error) {
    return `wants JSON: ${(error as Error).message}`;
  }
  const operators = (parsed as { operators?: unknown } | null)?.operators;
  if (!Array.isArray(operators) || operators.length === 0) return 'wants a list "operators" that is not empty';
  const choices: Choice[] = [];
  for (const each of operators as unknown[]) {
    const choice = typeof each === 'string' ? { command: each } : (each as Record<string, unknown> | null);
    const { command, param, max_length: length } = choice ?? {};
    if (typeof command !== 'string' || !['string', 'undefined'].includes(typeof param))
      return 'wants operators that are names, or objects with "command", "param" and "max_length"';
    const maxLength = typeof length === 'number' ? length : undefined;
    choices.push({ command, param: param as string | undefined, maxLength });
  }
  return choices;
}

/** The first of several operators that has a value. Names of operators are `find`'s, their rules `check`'s. */
export function coalesceOperator(find: (name: string) => Operator | undefined, check: CheckOperator): Operator {
  const provider = ({ command, param, maxLength }: Choice, environment: FormatEnvironment): ValueProvider => {
    const provide = (find(command) as Operator).create(param ?? '', environment);
    if (maxLength === undefined) return provide;
    return (stream) => {
      const value = provide(stream);
      return typeof value === 'string' ? value.slice(0, maxLength) : value;
    };
  };
  return {
    argument: 'required',
    cut: true,
    check(argument) {
      const choices = parseChoices(argument);
      if (typeof choices === 'string') return choices;
      for (const { command, param, maxLength } of choices) {
        const wrong = check(command, param, maxLength?.toString());
        if (wrong !== undefined) return `has an operator that is wrong: ${wrong}`;
      }
      return undefined;
    },
    create(argument, environment) {
      const choices = parseChoices(argument) as readonly Choice[];
      const providers = choices.map((choice) => provider(choice, environment));
      return (stream) => {
        for (const provide of providers) {
          const value = provide(stream);
          if (value !== undefined) return value;
        }
        return undefined;
      };
    },
  };
}
