import { TYPE_URL, type Resource } from '@weft/xds-server';
import type { XdsEvent, XdsRequestEvent, XdsResponseEvent } from './xds-recorder.ts';

type Resources = ReadonlyMap<string, Resource>;

/**
 * What one proxy was told and has acknowledged, and whether the order of it was make before break:
 *
 * - endpoints of a cluster only after the cluster, and when the proxy asks for them;
 * - a listener only when all clusters, and the endpoints that they wait for, are acknowledged;
 * - a route only when the clusters that it names, their endpoints and all listeners are acknowledged;
 * - a cluster goes only when no route names it any more, its endpoints only after it.
 */
export class XdsOrder {
  /** What was out of order, a sentence each. */
  readonly violations: string[] = [];
  /** Refusals, with their texts. */
  readonly refusals: string[] = [];
  readonly responses = new Map<string, number>();
  private readonly sent = new Map<string, Resources>();
  private readonly acknowledged = new Map<string, Resources>();
  private readonly asked = new Set<string>();
  private readonly open = new Map<string, XdsResponseEvent & { readonly state: Resources }>();

  take(event: XdsEvent): void {
    if (event.from === 'proxy') this.request(event);
    else this.response(event);
  }

  /** What the proxy has acknowledged of a type, by name. */
  has(typeUrl: string): Resources {
    return this.acknowledged.get(typeUrl) ?? new Map<string, Resource>();
  }

  private request({ typeUrl, nonce, names, error }: XdsRequestEvent): void {
    if (typeUrl === TYPE_URL.endpoint) for (const name of names) this.asked.add(name);
    const response = this.open.get(nonce);
    if (response === undefined) return;
    this.open.delete(nonce);
    if (error === undefined) this.acknowledged.set(typeUrl, response.state);
    else this.refusals.push(error);
  }

  private response(event: XdsResponseEvent): void {
    const { typeUrl, nonce, protocol, resources, removed } = event;
    this.responses.set(typeUrl, (this.responses.get(typeUrl) ?? 0) + 1);
    const before = this.sent.get(typeUrl) ?? new Map<string, Resource>();
    const wholeState = protocol === 'sotw' && (typeUrl === TYPE_URL.cluster || typeUrl === TYPE_URL.listener);
    const state = new Map(wholeState ? [] : before);
    for (const resource of resources) state.set(resource.name, resource);
    for (const name of removed) state.delete(name);
    const gone = [...before.keys()].filter((name) => !state.has(name));
    this.judge(event, gone);
    this.sent.set(typeUrl, state);
    this.open.set(nonce, { ...event, state });
  }

  private judge({ typeUrl, resources }: XdsResponseEvent, gone: readonly string[]): void {
    if (typeUrl === TYPE_URL.cluster) this.judgeRemovals(gone);
    if (typeUrl === TYPE_URL.endpoint) {
      for (const { name } of resources) if (!this.endpointsMayGo(name)) this.violate(`endpoints of ${name} before it`);
      for (const name of gone)
        if (this.has(TYPE_URL.cluster).has(name)) this.violate(`endpoints of ${name} are removed before it`);
    }
    if (typeUrl === TYPE_URL.listener && resources.length > 0) {
      if (this.isOpen(TYPE_URL.cluster)) this.violate('listeners while clusters are not acknowledged');
      for (const name of this.has(TYPE_URL.cluster).keys())
        if (!this.isReady(name)) this.violate(`listeners before the endpoints of ${name}`);
    }
    if (typeUrl === TYPE_URL.route) {
      if (this.isOpen(TYPE_URL.listener)) this.violate('routes while listeners are not acknowledged');
      for (const { name, references } of resources)
        for (const { name: cluster } of references)
          if (!this.isReady(cluster)) this.violate(`route ${name} before ${cluster} is ready`);
    }
  }

  /** The proxy may work with what it has acknowledged, and with what is on its way to it. */
  private judgeRemovals(gone: readonly string[]): void {
    const names = new Set(this.mayWorkWith(TYPE_URL.listener).flatMap((one) => one.references.map(({ name }) => name)));
    for (const { name, references } of this.mayWorkWith(TYPE_URL.route))
      for (const { name: cluster } of references)
        if (names.has(name) && gone.includes(cluster))
          this.violate(`cluster ${cluster} goes while route ${name} names it`);
  }

  private mayWorkWith(typeUrl: string): readonly Resource[] {
    return [...this.has(typeUrl).values(), ...(this.sent.get(typeUrl)?.values() ?? [])];
  }

  private endpointsMayGo(name: string): boolean {
    return (this.sent.get(TYPE_URL.cluster)?.has(name) ?? false) && (this.asked.has(name) || this.asked.has('*'));
  }

  private isReady(name: string): boolean {
    const cluster = this.has(TYPE_URL.cluster).get(name);
    if (cluster === undefined) return false;
    return cluster.references
      .filter(({ typeUrl }) => typeUrl === TYPE_URL.endpoint)
      .every((reference) => this.has(TYPE_URL.endpoint).has(reference.name));
  }

  private isOpen(typeUrl: string): boolean {
    return [...this.open.values()].some((response) => response.typeUrl === typeUrl);
  }

  private violate(what: string): void {
    this.violations.push(what);
  }
}
