import type { Runtime } from '@weft/api-envoy/gen/envoy/service/runtime/v3/rtds_pb';
import type { TranslateContext } from './context.ts';
import { make } from './proto.ts';
import type { ResourceDraft } from './resources.ts';

/** By which bootstraps ask for it. */
const NAME = 'runtime';
/** Envoy's own limit is 100 instructions, which longer expressions of documents exceed. Source: Istio's bootstrap. */
export const REGEX_PROGRAM_SIZE = 32_768;

/**
 * The mesh's layer of the runtime. It is there even where it is empty: a proxy that asks for a layer waits for it. Istio writes the
 * same values into bootstraps, in the same way: texts, but for booleans, and nothing for an empty one.
 */
export function runtimeLayer({ snapshot }: TranslateContext, draft: ResourceDraft): void {
  const { runtimeValues = {} } = snapshot.config;
  const set = Object.entries(runtimeValues).filter(([, value]) => value !== '');
  const layer = {
    're2.max_program_size.error_level': String(REGEX_PROGRAM_SIZE),
    ...Object.fromEntries(
      set.map(([key, value]) => [key, value === 'true' ? true : value === 'false' ? false : value]),
    ),
  };
  draft.runtime.push(make<Runtime>('envoy.service.runtime.v3.Runtime', { name: NAME, layer }));
}
