import {
  destinationRuleFor,
  findService,
  resolveHost,
  scopeOf,
  serviceKey,
  type EffectiveDestinationRule,
  type MeshEndpoint,
  type MeshProxy,
  type MeshService,
  type MeshSnapshot,
  type ProxyScope,
} from '@weft/control-mesh';
import type { Trace } from './trace.ts';

const NONE: readonly MeshEndpoint[] = [];

/** For a translation that is made to see what is behind it. */
export interface Traced {
  readonly trace?: Trace;
  /** Instead of all that the proxy can call. */
  readonly scope?: ProxyScope;
}

/** One translation: the mesh, the proxy, and what was found out for both so far. */
export class TranslateContext {
  readonly snapshot: MeshSnapshot;
  readonly proxy: MeshProxy;
  /** For those who ask which documents are behind it. */
  readonly trace: Trace | undefined;
  private foundScope: ProxyScope | undefined;
  private readonly rules = new Map<string, EffectiveDestinationRule | undefined>();
  /** Clusters that routes name, beside those of the services in scope. */
  private readonly named = new Map<string, MeshService>();

  constructor(snapshot: MeshSnapshot, proxy: MeshProxy, traced: Traced = {}) {
    this.snapshot = snapshot;
    this.proxy = proxy;
    this.trace = traced.trace;
    this.foundScope = traced.scope;
  }

  get scope(): ProxyScope {
    this.foundScope ??= scopeOf(this.snapshot, this.proxy);
    return this.foundScope;
  }

  /** The service that a resource of `namespace` means by a host, as this proxy may see it. */
  service(host: string, namespace: string): MeshService | undefined {
    return findService(this.snapshot, resolveHost(this.snapshot, host, namespace), this.proxy.namespace);
  }

  endpoints(service: MeshService): readonly MeshEndpoint[] {
    return this.snapshot.endpoints.get(serviceKey(service)) ?? NONE;
  }

  rule(service: MeshService): EffectiveDestinationRule | undefined {
    const key = serviceKey(service);
    if (!this.rules.has(key)) this.rules.set(key, destinationRuleFor(this.snapshot, this.proxy, service));
    return this.rules.get(key);
  }

  /** A route sends calls to this service: its clusters are needed. */
  need(service: MeshService): void {
    this.named.set(serviceKey(service), service);
  }

  get needed(): Iterable<MeshService> {
    return this.named.values();
  }
}
