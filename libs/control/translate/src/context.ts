import {
  destinationRuleFor,
  findService,
  resolveHost,
  scopeOf,
  serviceKey,
  type EffectiveDestinationRule,
  type EgressPart,
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
  private rules = new Map<string, EffectiveDestinationRule | undefined>();
  /** Clusters that routes name, beside those of the services in scope. */
  private named = new Map<string, MeshService>();

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

  /** The same translation for some of the proxy's listeners: what their routes name is named for all. */
  within({ services, virtualServices }: EgressPart): TranslateContext {
    const { scope, trace } = this;
    if (services === scope.services && virtualServices === scope.virtualServices) return this;
    const made = new TranslateContext(this.snapshot, this.proxy, {
      ...(trace === undefined ? {} : { trace }),
      scope: { ...scope, services, virtualServices },
    });
    made.rules = this.rules;
    made.named = this.named;
    return made;
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
