import type { AuthorizationPolicyRule } from '@weft/api-kube';

/** What a rule is about, in a line: `from principals a, b; to GET /videos/*; when request.headers[x] is 1`. */
export function ruleText({ from = [], to = [], when = [] }: AuthorizationPolicyRule): string {
  const parts = [
    ...(from.length === 0 ? [] : [`from ${from.map(({ source = {} }) => fieldsText(source)).join(' or ')}`]),
    ...(to.length === 0 ? [] : [`to ${to.map(({ operation = {} }) => fieldsText(operation)).join(' or ')}`]),
    ...when.map(({ key, values = [], notValues = [] }) => {
      const not = notValues.length === 0 ? [] : [`not ${notValues.join(', ')}`];
      return `when ${key} is ${[...(values.length === 0 ? [] : [values.join(', ')]), ...not].join(' and ')}`;
    }),
  ];
  return parts.length === 0 ? 'everything' : parts.join('; ');
}

function fieldsText(fields: object): string {
  const parts = Object.entries(fields as Readonly<Record<string, readonly string[]>>)
    .filter(([, values]) => values.length > 0)
    .map(([name, values]) => `${words(name)} ${values.join(', ')}`);
  return parts.length === 0 ? 'anything' : parts.join(' and ');
}

/** `notIpBlocks` as `not ip blocks`. */
function words(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}
