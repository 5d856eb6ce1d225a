import type { FractionalPercent as Message } from '@weft/api-envoy/gen/envoy/type/v3/percent_pb';
import type { FractionalPercent } from '@weft/core-runtime';

/** Envoy's enum by number. */
const DENOMINATORS = [100, 10_000, 1_000_000] as const;

export function decodeFraction(message: Message): FractionalPercent {
  return { numerator: message.numerator, denominator: DENOMINATORS[message.denominator] ?? 100 };
}
