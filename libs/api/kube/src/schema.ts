/** The part of OpenAPI v3 that resource definitions use, compacted by tools/extract-schemas.mjs. */
export interface Schema {
  readonly type?: 'object' | 'array' | 'string' | 'integer' | 'number' | 'boolean';
  readonly format?: string;
  readonly enum?: readonly string[];
  readonly pattern?: string;
  readonly default?: unknown;
  readonly nullable?: boolean;
  readonly required?: readonly string[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: boolean;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly minProperties?: number;
  readonly maxProperties?: number;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema;
  readonly items?: Schema;
  readonly not?: Schema;
  readonly oneOf?: readonly Schema[];
  readonly anyOf?: readonly Schema[];
  readonly allOf?: readonly Schema[];
  readonly rules?: readonly SchemaRule[];
  /** x-kubernetes-int-or-string */
  readonly intOrString?: boolean;
  /** x-kubernetes-preserve-unknown-fields */
  readonly preserveUnknown?: boolean;
  /** x-kubernetes-list-type and -list-map-keys */
  readonly listType?: 'map' | 'set' | 'atomic';
  readonly listKeys?: readonly string[];
  /** Only the experimental channel of the Gateway API has the field. */
  readonly experimental?: boolean;
  /** On the schema of a spec: the document must have one. */
  readonly specRequired?: boolean;
}

/** x-kubernetes-validations: a CEL expression over `self`, and what to say where it is false. */
export interface SchemaRule {
  readonly rule: string;
  readonly message?: string;
}
