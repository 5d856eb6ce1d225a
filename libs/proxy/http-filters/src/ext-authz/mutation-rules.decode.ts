import type { DecodeContext, FieldSupport } from '@weft/api-envoy';
import type { HeaderMutationRules } from '@weft/api-envoy/gen/envoy/config/common/mutation_rules/v3/mutation_rules_pb';
import { decodeRegex } from '@weft/model-match';
import type { MutationRules } from './mutation-rules.ts';

export const mutationRulesSupport: FieldSupport = {
  'envoy.config.common.mutation_rules.v3.HeaderMutationRules': [
    'allow_all_routing', 'allow_envoy', 'disallow_system', 'disallow_all', 'allow_expression', 'disallow_expression',
    'disallow_is_error',
  ],
}; // prettier-ignore

export function decodeMutationRules(message: HeaderMutationRules, cx: DecodeContext): MutationRules {
  const { allowExpression: allow, disallowExpression: disallow } = message;
  return {
    allowAllRouting: message.allowAllRouting ?? false,
    allowEnvoy: message.allowEnvoy ?? false,
    disallowSystem: message.disallowSystem ?? false,
    disallowAll: message.disallowAll ?? false,
    allow: allow && decodeRegex(allow, cx.at('allow_expression')),
    disallow: disallow && decodeRegex(disallow, cx.at('disallow_expression')),
    disallowIsError: message.disallowIsError ?? false,
  };
}
