/** A schema of Kubernetes' OpenAPI description, with `$ref` being the name of another one. */
interface Schema {
  readonly $ref?: string;
  readonly type?: 'object' | 'array' | 'string' | 'integer' | 'number' | 'boolean';
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema | boolean;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly enum?: readonly unknown[];
  readonly oneOf?: readonly Schema[];
  readonly allOf?: readonly Schema[];
}

/** What tools/kubernetes/extract-schema.mjs writes. */
export interface KubernetesSchemas {
  readonly version: string;
  /** `apps/v1 Deployment` to the name of its schema. */
  readonly kinds: Readonly<Record<string, string>>;
  readonly schemas: Readonly<Record<string, Schema>>;
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** All faults of an object, each with its path; strict: a field that the schema does not have is one. */
export function kubernetesFaults(all: KubernetesSchemas, object: unknown): string[] {
  if (!isRecord(object)) return ['not an object'];
  const kind = `${String(object['apiVersion'])} ${String(object['kind'])}`;
  const name = all.kinds[kind];
  if (name === undefined) return [`no such kind: ${kind}`];
  const faults: string[] = [];
  new Walk(all, faults).check({ $ref: name }, object, kind);
  return faults;
}

class Walk {
  readonly #all: KubernetesSchemas;
  readonly #faults: string[];

  constructor(all: KubernetesSchemas, faults: string[]) {
    this.#all = all;
    this.#faults = faults;
  }

  check(schema: Schema, value: unknown, path: string): void {
    if (schema.$ref !== undefined) {
      const target = this.#all.schemas[schema.$ref];
      if (target === undefined) this.#fault(path, `its schema ${schema.$ref} is missing`);
      else this.check(target, value, path);
      return;
    }
    for (const part of schema.allOf ?? []) this.check(part, value, path);
    if (schema.oneOf !== undefined && !schema.oneOf.some((one) => this.#accepts(one, value))) {
      this.#fault(path, `${JSON.stringify(value)} is none of ${schema.oneOf.map((one) => one.type).join(', ')}`);
    }
    if (schema.enum !== undefined && !schema.enum.includes(value)) {
      this.#fault(path, `${JSON.stringify(value)} is none of ${schema.enum.join(', ')}`);
    }
    if (schema.type === undefined) return;
    if (schema.type === 'object') this.#checkObject(schema, value, path);
    else if (schema.type === 'array') this.#checkArray(schema, value, path);
    else if (!isScalar(schema.type, value)) this.#fault(path, `${JSON.stringify(value)} is no ${schema.type}`);
  }

  #accepts(schema: Schema, value: unknown): boolean {
    const faults: string[] = [];
    new Walk(this.#all, faults).check(schema, value, '');
    return faults.length === 0;
  }

  #checkObject(schema: Schema, value: unknown, path: string): void {
    if (!isRecord(value)) return this.#fault(path, 'has to be an object');
    for (const name of schema.required ?? []) {
      if (value[name] === undefined) this.#fault(`${path}.${name}`, 'is required');
    }
    const others = schema.additionalProperties;
    // Without either the schema says nothing about the fields: free-form.
    if (schema.properties === undefined && others === undefined) return;
    for (const [name, field] of Object.entries(value)) {
      const known = schema.properties?.[name];
      if (known !== undefined) this.check(known, field, `${path}.${name}`);
      else if (typeof others === 'object') this.check(others, field, `${path}.${name}`);
      else if (others !== true) this.#fault(`${path}.${name}`, 'no such field');
    }
  }

  #checkArray(schema: Schema, value: unknown, path: string): void {
    if (!Array.isArray(value)) return this.#fault(path, 'has to be a list');
    const { items } = schema;
    if (items !== undefined) value.forEach((item, index) => this.check(items, item, `${path}[${index}]`));
  }

  #fault(path: string, what: string): void {
    this.#faults.push(`${path}: ${what}`);
  }
}

function isScalar(type: 'string' | 'integer' | 'number' | 'boolean', value: unknown): boolean {
  return type === 'integer' ? Number.isInteger(value) : typeof value === type;
}
