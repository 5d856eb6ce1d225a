/** What a configuration file holds. Keys whose value is undefined are left out. */
export type Yaml = string | number | boolean | null | readonly Yaml[] | { readonly [key: string]: Yaml | undefined };

export type YamlMap = Readonly<Record<string, Yaml | undefined>>;

/** Block style YAML, two spaces deep, ending with a line break. */
export function toYaml(value: Yaml): string {
  return `${block(value, '').trimStart()}\n`;
}

/** The value, preceded by what separates it from its key: a space, or a line break and the indentation. */
function block(value: Yaml, indent: string): string {
  if (Array.isArray(value)) {
    if (value.length === 0) return ' []';
    return (value as readonly Yaml[]).map((item) => `\n${indent}- ${block(item, `${indent}  `).trimStart()}`).join('');
  }
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).filter((entry): entry is [string, Yaml] => entry[1] !== undefined);
    if (entries.length === 0) return ' {}';
    return entries.map(([key, item]) => `\n${indent}${scalar(key)}:${block(item, childIndent(item, indent))}`).join('');
  }
  return ` ${scalar(value as string | number | boolean | null)}`;
}

/** A list stands as deep as its key, a map two deeper. */
function childIndent(value: Yaml, indent: string): string {
  return Array.isArray(value) ? indent : `${indent}  `;
}

const PLAIN = /^[A-Za-z_/][\w./-]*(?: [\w./-]+)*$/;
const WORDS = /^(?:y|n|yes|no|on|off|true|false|null|nan|inf)$/i;

function scalar(value: string | number | boolean | null): string {
  if (typeof value !== 'string') return String(value);
  // JSON's strings are YAML's double-quoted ones.
  return PLAIN.test(value) && !WORDS.test(value) ? value : JSON.stringify(value);
}
