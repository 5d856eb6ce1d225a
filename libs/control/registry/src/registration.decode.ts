import type { WorkloadRegistration, WorkloadRegistrationPort } from '@weft/control-mesh';
import { labelFault, subdomainFault } from '@weft/model-identity';
import { isIP } from 'node:net';
import { NO_RUN, type RegistrationRun } from './registration-run.ts';

export type DecodedRegistration =
  | { readonly ok: true; readonly value: WorkloadRegistration; readonly run: RegistrationRun }
  | { readonly ok: false; readonly faults: readonly string[] };

const MAX_ENTRIES = 64;
/** Of an id or a process mark, in characters. */
const MAX_RUN = 512;
const FIELDS = [
  'service',
  'addresses',
  'ports',
  'labels',
  'serviceAccount',
  'healthy',
  'locality',
  'proxied',
  'group',
  'run',
  'process',
  'replaces',
];
const PORT_FIELDS = ['name', 'port', 'listenPort', 'appPort', 'protocol'];

type Json = Readonly<Record<string, unknown>>;

/** What a workload says of itself, from JSON; every fault with its path. */
export function decodeRegistration(
  { namespace, name }: { readonly namespace: string; readonly name: string },
  text: string,
): DecodedRegistration {
  const reader = new Reader();
  reader.check(labelFault('namespace', namespace));
  reader.check(subdomainFault('name of a workload', name));
  const body = parse(text);
  if (body === undefined) return { ok: false, faults: [...reader.faults, 'the body is no JSON object'] };
  reader.known('', body, FIELDS);
  const service = reader.text(body, 'service');
  if (service !== '') reader.check(subdomainFault('service', service));
  const serviceAccount = reader.text(body, 'serviceAccount') || 'default';
  reader.check(subdomainFault('service account', serviceAccount));
  const locality = reader.text(body, 'locality');
  const group = reader.text(body, 'group');
  if (group !== '') reader.check(subdomainFault('WorkloadGroup', group));
  const run = {
    id: reader.short(body, 'run'),
    process: reader.short(body, 'process'),
    replaces: reader.short(body, 'replaces'),
  };
  const value: WorkloadRegistration = {
    namespace,
    name,
    service,
    addresses: reader.list(body, 'addresses').map((address, at) => reader.address(address, at)),
    ports: reader.list(body, 'ports').map((port, at) => reader.port(port, at)),
    labels: reader.labels(body['labels']),
    serviceAccount,
    healthy: reader.flag(body, 'healthy', false),
    proxied: reader.flag(body, 'proxied', true),
    ...(locality === '' ? {} : { locality }),
    ...(group === '' ? {} : { group }),
  };
  return reader.faults.length > 0 ? { ok: false, faults: reader.faults } : { ok: true, value, run };
}

/** Which run takes itself out; a body that names none is of nobody. */
export function decodeRun(text: string): RegistrationRun {
  const body = parse(text);
  const id = body === undefined ? '' : new Reader().short(body, 'run');
  return { ...NO_RUN, id };
}

class Reader {
  readonly faults: string[] = [];

  check(fault: string | undefined): void {
    if (fault !== undefined) this.faults.push(fault);
  }

  known(path: string, value: Json, fields: readonly string[]): void {
    for (const field of Object.keys(value))
      if (!fields.includes(field)) this.faults.push(`${path}${field}: unknown field (expected ${fields.join(', ')})`);
  }

  text(body: Json, field: string, path = ''): string {
    const value = body[field] ?? '';
    if (typeof value === 'string') return value;
    this.faults.push(`${path}${field}: is not a text`);
    return '';
  }

  short(body: Json, field: string): string {
    const value = this.text(body, field);
    if (value.length <= MAX_RUN) return value;
    this.faults.push(`${field}: has more than ${MAX_RUN} characters`);
    return '';
  }

  flag(body: Json, field: string, usual: boolean): boolean {
    const value = body[field] ?? usual;
    if (typeof value === 'boolean') return value;
    this.faults.push(`${field}: is neither true nor false`);
    return usual;
  }

  list(body: Json, field: string): readonly unknown[] {
    const value = body[field] ?? [];
    if (Array.isArray(value) && value.length <= MAX_ENTRIES) return value as readonly unknown[];
    this.faults.push(`${field}: is not a list of at most ${MAX_ENTRIES}`);
    return [];
  }

  address(value: unknown, at: number): string {
    if (typeof value === 'string' && isIP(value) !== 0) return value;
    this.faults.push(`addresses[${at}]: is not an IP address`);
    return '';
  }

  labels(value: unknown = {}): Readonly<Record<string, string>> {
    const labels = isObject(value) ? Object.entries(value) : undefined;
    if (
      labels?.every((label): label is [string, string] => typeof label[1] === 'string') &&
      labels.length <= MAX_ENTRIES
    )
      return Object.fromEntries(labels);
    this.faults.push(`labels: is not an object of at most ${MAX_ENTRIES} texts`);
    return {};
  }

  port(value: unknown, at: number): WorkloadRegistrationPort {
    const path = `ports[${at}].`;
    if (!isObject(value)) {
      this.faults.push(`ports[${at}]: is not an object`);
      return { port: 0 };
    }
    this.known(path, value, PORT_FIELDS);
    const [name, protocol] = [this.text(value, 'name', path), this.text(value, 'protocol', path)];
    const port = this.number(value, 'port', path) ?? 0;
    if (value['port'] === undefined) this.faults.push(`${path}port: is missing`);
    const [listenPort, appPort] = [this.number(value, 'listenPort', path), this.number(value, 'appPort', path)];
    return {
      port,
      ...(name === '' ? {} : { name }),
      ...(protocol === '' ? {} : { protocol }),
      ...(listenPort === undefined ? {} : { listenPort }),
      ...(appPort === undefined ? {} : { appPort }),
    };
  }

  private number(value: Json, field: string, path: string): number | undefined {
    const number = value[field];
    if (number === undefined) return undefined;
    if (typeof number === 'number' && Number.isInteger(number) && number > 0 && number < 65_536) return number;
    this.faults.push(`${path}${field}: is not a port (expected 1 to 65535)`);
    return undefined;
  }
}

function parse(text: string): Json | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
