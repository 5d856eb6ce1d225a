import { getExtension, hasExtension, type DescExtension, type DescField, type Message } from '@bufbuild/protobuf';
import { registry } from '../registry.ts';
import type { Check } from './check.ts';

/** What Envoy refuses although its API still has it: fields and enum values marked as disallowed, default values included. */
export function availabilityChecks(field: DescField): Check[] {
  const checks: Check[] = [];
  if (isMarked(field.proto.options, 'envoy.annotations.disallowed_by_default')) {
    checks.push((value, tell) => {
      if (value !== '' && value !== false && value !== 0) tell('is not available any more');
    });
  }
  const gone = field.enum?.values.filter((value) =>
    isMarked(value.proto.options, 'envoy.annotations.disallowed_by_default_enum'),
  );
  if (gone !== undefined && gone.length > 0) {
    const others = field.enum?.values.filter((value) => !gone.includes(value)).map((value) => value.name) ?? [];
    checks.push((value, tell) => {
      const found = gone.find((one) => one.number === value);
      if (found !== undefined)
        tell(`is ${found.name}, as it is if nothing is said`, { expected: `one of ${others.join(', ')}` });
    });
  }
  return checks;
}

function isMarked(options: Message | undefined, extension: string): boolean {
  const desc = registry().getExtension(extension) as DescExtension;
  return options !== undefined && hasExtension(options, desc) && getExtension(options, desc) === true;
}
