import type { Counter } from '@weft/core-stats';
import {
  combineValidation,
  type CertificateValidation,
  type CommonTls,
  type DataSource,
  type Secret,
  type SecretReference,
} from '@weft/model-tls';
import type { TlsMaterial } from '@weft/net-tls';
import { FileSubscriptions, FolderWatch } from '@weft/xds-client';
import { unnamed } from './certificate-names.ts';
import { readMaterial, UnreadableSource, watchedFolders, type TlsParts } from './read-material.ts';
import { placeOfSource } from './place-of-source.ts';
import { subscribeSecret, type SecretSubscription } from './secret-subscription.ts';
import type { TlsServices, TlsWorld } from './tls-world.ts';

/** A TLS configuration whose names are resolved and read. */
export interface ResolvedTls {
  readonly parts: TlsParts;
  readonly material: TlsMaterial;
  /** The name of each certificate in stats: its secret's, or one made of its text. */
  readonly certificateNames: readonly string[];
}

export interface TlsSourceOptions<T> {
  readonly common: CommonTls;
  readonly ticketKeys: readonly DataSource[];
  readonly ticketKeysSecret: SecretReference | undefined;
  readonly world: TlsWorld;
  /** Makes what connections use. Throws a sentence where the certificates will not do. */
  build(resolved: ResolvedTls): T;
}

/** What a source tells. */
export interface TlsSourceOwner {
  /** What connections use from now on was replaced. */
  onReplaced(by: 'secret' | 'files'): void;
  /** For logs: `listener "ingress"`. */
  readonly place: string;
  /** Counts files that were changed and could not be used. */
  readonly rotationFailed: Counter;
}

/** What is wrong with the certificates of a configuration. */
export interface TlsFault {
  readonly message: string;
  /** Where, from common_tls_context on; empty where it is not one field of it. */
  readonly at: readonly (string | number)[];
}

/**
 * Says at configuration time what is wrong with the certificates; undefined when nothing is, or when that cannot be known
 * before their secrets are there.
 */
export function tlsFault<T>(options: TlsSourceOptions<T>): TlsFault | undefined {
  try {
    const slots = slotsOf(options);
    if (slots.every(({ secret }) => secret !== undefined)) build(options, slots).make();
    return undefined;
  } catch (error) {
    const at = error instanceof UnreadableSource ? placeOfSource(error.source, options.common) : undefined;
    return { message: (error as Error).message, at: at ?? [] };
  }
}

/**
 * The certificates of one configuration, kept up to date: secrets are subscribed to, files watched where the configuration
 * asks for it. What cannot be used leaves the last good one in force. Connections keep the one that they began with.
 */
export class TlsSource<T> {
  private readonly options: TlsSourceOptions<T>;
  private readonly services: TlsServices;
  private readonly owner: TlsSourceOwner;
  private readonly slots: Slot[];
  private readonly subscriptions: SecretSubscription[] = [];
  private readonly watches = new Map<string, FolderWatch>();
  /** Resolves when its secrets have come, or came too late to be waited for. Undefined: it waits for none. */
  readonly pending: Promise<void> | undefined;
  private settle: () => void = () => undefined;
  private built: T | undefined;
  private read: ResolvedTls | undefined;
  private fingerprint = '';

  constructor(options: TlsSourceOptions<T>, services: TlsServices, owner: TlsSourceOwner) {
    this.options = options;
    this.services = services;
    this.owner = owner;
    this.slots = slotsOf(options);
    const waits = this.slots.some(({ reference }) => reference.source !== undefined);
    this.pending = waits ? new Promise((resolve) => (this.settle = resolve)) : undefined;
    if (this.ready) this.tryBuild('at the start');
    const subscriptions = options.world.subscriptions ?? new FileSubscriptions(services.runtime);
    for (const slot of this.slots) {
      const { name, source } = slot.reference;
      if (source === undefined) continue;
      const request = { name, source, stats: services.stats };
      const subscription = subscribeSecret(request, subscriptions, {
        onSecret: (secret) => this.onSecret(slot, secret),
        onMissing: () => this.settle(),
      });
      this.subscriptions.push(subscription);
    }
  }

  /** Undefined while secrets are missing. */
  get current(): T | undefined {
    return this.built;
  }
  get resolved(): ResolvedTls | undefined {
    return this.read;
  }

  close(): void {
    for (const subscription of this.subscriptions) subscription.close();
    for (const watch of this.watches.values()) watch.close();
  }

  private get ready(): boolean {
    return this.slots.every(({ secret }) => secret !== undefined);
  }

  private onSecret(slot: Slot, secret: Secret): string | undefined {
    if (secret.kind !== slot.kind) return `the secret "${secret.name}" is of another kind than ${slot.kind}`;
    const old = slot.secret;
    slot.secret = secret;
    if (!this.ready) return undefined;
    try {
      this.rebuild();
    } catch (error) {
      slot.secret = old;
      return (error as Error).message;
    }
    this.owner.onReplaced('secret');
    this.settle();
    return undefined;
  }

  /** A folder changed: everything is read again, and used if it is different and good. */
  private reread(folder: string): void {
    if (!this.ready || !this.tryBuild(`after a change in ${folder}`)) return;
  }

  private tryBuild(when: string): boolean {
    const logger = this.services.runtime.loggers.get('config');
    try {
      const first = this.built === undefined;
      if (!this.rebuild() || first) return false;
      logger.info(`${this.owner.place}: the certificates were read again ${when}, and are in use for new connections.`);
      this.owner.onReplaced('files');
      return true;
    } catch (error) {
      this.owner.rotationFailed.inc();
      logger.warning(
        `${this.owner.place}: the certificates cannot be used ${when}: ${(error as Error).message}; ` +
          `${this.built === undefined ? 'connections are refused until they can' : 'the last good ones stay in use'}.`,
      );
      return false;
    }
  }

  /** False where everything reads as before. */
  private rebuild(): boolean {
    const { resolved, make } = build(this.options, this.slots);
    // The folders first: what is faulty now may be put right in them.
    this.watch(resolved.parts);
    const fingerprint = JSON.stringify([resolved.material, resolved.parts.validation]);
    if (fingerprint === this.fingerprint) return false;
    this.built = make();
    this.read = resolved;
    this.fingerprint = fingerprint;
    return true;
  }

  private watch(parts: TlsParts): void {
    const folders = watchedFolders(parts, this.slots.length > 0);
    for (const [folder, watch] of this.watches) {
      if (folders.has(folder)) continue;
      watch.close();
      this.watches.delete(folder);
    }
    for (const folder of folders) {
      if (this.watches.has(folder)) continue;
      const watch = new FolderWatch(folder, { onChange: () => this.reread(folder) });
      this.watches.set(folder, watch);
      watch.start();
    }
  }
}

/** A place for a secret. */
interface Slot {
  readonly kind: Secret['kind'];
  readonly reference: SecretReference;
  secret: Secret | undefined;
}

/** Throws where a secret of the bootstrap is not there. */
function slotsOf<T>({ common, ticketKeysSecret, world }: TlsSourceOptions<T>): Slot[] {
  const slot = (kind: Secret['kind'], reference: SecretReference): Slot => {
    if (reference.source !== undefined) return { kind, reference, secret: undefined };
    const secret = world.staticSecret(reference.name);
    if (secret?.kind !== kind)
      throw new Error(`there is no secret "${reference.name}" (${kind}) in static_resources.secrets`);
    return { kind, reference, secret };
  };
  return [
    ...common.certificateSecrets.map((reference) => slot('certificate', reference)),
    ...(common.validationSecret === undefined ? [] : [slot('validation', common.validationSecret)]),
    ...(ticketKeysSecret === undefined ? [] : [slot('ticketKeys', ticketKeysSecret)]),
  ];
}

function build<T>(options: TlsSourceOptions<T>, slots: readonly Slot[]): { resolved: ResolvedTls; make: () => T } {
  const { common, world } = options;
  const certificates = [...common.certificates];
  const certificateNames = common.certificates.map(({ chain }) => unnamed('unnamed_cert', chain));
  let { validation } = common;
  let ticketKeys = options.ticketKeys;
  for (const { secret } of slots) {
    if (secret?.kind === 'certificate') {
      certificates.push(secret.certificate);
      certificateNames.push(secret.name);
    } else if (secret?.kind === 'validation') validation = trusted(combineValidation(validation, secret.validation));
    else if (secret !== undefined) ticketKeys = secret.keys;
  }
  const parts: TlsParts = { certificates, validation, ticketKeys };
  const resolved = { parts, material: readMaterial(parts, world.environment), certificateNames };
  return { resolved, make: () => options.build(resolved) };
}

function trusted(validation: CertificateValidation): CertificateValidation {
  if (validation.subjectAltNames.length > 0 && validation.trustedCa === undefined)
    throw new Error('names are compared, but no CA is trusted: anybody could make a certificate with such a name');
  return validation;
}
