import type { Random } from '@weft/core-runtime';
import type { Counter } from '@weft/core-stats';
import { healthClass, priorityLoads, type ClusterConfig } from '@weft/model-cluster';
import { WeightedSchedule } from './weighted-schedule.ts';
import type { UpstreamHost } from './host.ts';

/** Picks a host; never waits. Made anew for each change of the hosts, so that picking looks at nothing that may change. */
export interface Picker {
  pick(): UpstreamHost | undefined;
  /** A host that a later `pick` will give: each call tells the next one. Only where somebody connects in advance. */
  peek?(): UpstreamHost | undefined;
}

export interface PickerOptions {
  readonly config: Pick<ClusterConfig, 'lbPolicy' | 'leastRequestChoiceCount' | 'healthyPanicThreshold' | 'preconnect'>;
  readonly overprovisioningFactor: number;
  readonly random: Random;
  readonly healthyPanic: Counter;
}

/** The picker for a set of hosts of all priorities. */
export function createPicker(hosts: readonly UpstreamHost[], options: PickerOptions): Picker {
  const priorities: UpstreamHost[][] = [];
  for (const host of hosts) (priorities[host.priority] ??= []).push(host);
  const levels = Array.from(priorities, (level) => level ?? []);
  const ofClass = (level: readonly UpstreamHost[], wanted: string): UpstreamHost[] =>
    level.filter((host) => healthClass(host.healthStatus) === wanted);
  const loads = priorityLoads(
    levels.map((level) => ({
      total: level.length,
      healthy: ofClass(level, 'healthy').length,
      degraded: ofClass(level, 'degraded').length,
    })),
    options.overprovisioningFactor,
    options.config.healthyPanicThreshold,
  );
  const shares: Share[] = [];
  loads.forEach((load, i) => {
    const level = levels[i] as UpstreamHost[];
    const add = (percent: number, group: UpstreamHost[]): void => {
      if (percent === 0 || (group.length === 0 && !load.panic)) return;
      const picker = load.panic
        ? new PanicPicker(ofPolicy(level, options), options.healthyPanic)
        : ofPolicy(group, options);
      shares.push({ percent, picker });
    };
    add(load.healthy, ofClass(level, 'healthy'));
    add(load.degraded, ofClass(level, 'degraded'));
  });
  if (shares.length === 0) return NOBODY;
  const picker = shares.length === 1 ? (shares[0] as Share).picker : new SharedPicker(shares, options.random);
  return options.config.preconnect.predictiveRatio > 1 ? new PeekingPicker(picker, hosts.length) : picker;
}

/** Picks ahead of requests, and later gives them the hosts in that order. */
class PeekingPicker implements Picker {
  private readonly inner: Picker;
  private readonly most: number;
  private readonly ahead: UpstreamHost[] = [];

  /** `most`: how far ahead at most. */
  constructor(inner: Picker, most: number) {
    this.inner = inner;
    this.most = most;
  }
  pick(): UpstreamHost | undefined {
    return this.ahead.shift() ?? this.inner.pick();
  }
  peek(): UpstreamHost | undefined {
    if (this.ahead.length >= this.most) return undefined;
    const host = this.inner.pick();
    if (host !== undefined) this.ahead.push(host);
    return host;
  }
}

const NOBODY: Picker = { pick: () => undefined };

interface Share {
  readonly percent: number;
  readonly picker: Picker;
}

/** Several priorities, or healthy and degraded hosts, share the requests. */
class SharedPicker implements Picker {
  private readonly shares: readonly Share[];
  private readonly random: Random;
  private readonly total: number;

  constructor(shares: readonly Share[], random: Random) {
    this.shares = shares;
    this.random = random;
    this.total = shares.reduce((sum, share) => sum + share.percent, 0);
  }

  pick(): UpstreamHost | undefined {
    let draw = this.random.below(this.total);
    for (const share of this.shares) {
      draw -= share.percent;
      if (draw < 0) return share.picker.pick();
    }
    return undefined;
  }
}

class PanicPicker implements Picker {
  private readonly inner: Picker;
  private readonly healthyPanic: Counter;

  constructor(inner: Picker, healthyPanic: Counter) {
    this.inner = inner;
    this.healthyPanic = healthyPanic;
  }
  pick(): UpstreamHost | undefined {
    this.healthyPanic.inc();
    return this.inner.pick();
  }
}

function ofPolicy(hosts: readonly UpstreamHost[], options: PickerOptions): Picker {
  const { random, config } = options;
  const first = hosts[0];
  if (first !== undefined && hosts.length === 1) return { pick: () => first };
  const weighted = hosts.some((host) => host.weight !== first?.weight);
  switch (config.lbPolicy) {
    // CLUSTER_PROVIDED: hosts of an ORIGINAL_DST cluster are told by the request, and not picked here.
    case 'ROUND_ROBIN':
    case 'CLUSTER_PROVIDED':
      return weighted ? new WeightedSchedule(hosts) : new Rotation(hosts, random);
    case 'RANDOM':
      return new RandomPicker(hosts, random);
    case 'LEAST_REQUEST':
      return new LeastRequest(hosts, random, config.leastRequestChoiceCount);
  }
}

/** Strictly one after the other. Where it begins is drawn, so that many proxies do not all begin with the same host. */
class Rotation implements Picker {
  private readonly hosts: readonly UpstreamHost[];
  private at: number;

  constructor(hosts: readonly UpstreamHost[], random: Random) {
    this.hosts = hosts;
    this.at = hosts.length === 0 ? 0 : random.below(hosts.length);
  }
  pick(): UpstreamHost | undefined {
    const { hosts, at } = this;
    this.at = at + 1 >= hosts.length ? 0 : at + 1;
    return hosts[at];
  }
}

/** Any of them, whatever their weights, as in Envoy. */
class RandomPicker implements Picker {
  private readonly hosts: readonly UpstreamHost[];
  private readonly random: Random;

  constructor(hosts: readonly UpstreamHost[], random: Random) {
    this.hosts = hosts;
    this.random = random;
  }
  pick(): UpstreamHost | undefined {
    return this.hosts[this.random.below(this.hosts.length)];
  }
}

/** The least busy of a few drawn hosts; hosts are drawn, and their load is judged, by weight. */
class LeastRequest implements Picker {
  private readonly hosts: readonly UpstreamHost[];
  private readonly random: Random;
  private readonly choices: number;
  /** The sum of the weights up to and with each host. */
  private readonly sums: readonly number[];
  private readonly total: number;

  constructor(hosts: readonly UpstreamHost[], random: Random, choices: number) {
    this.hosts = hosts;
    this.random = random;
    this.choices = choices;
    let sum = 0;
    this.sums = hosts.map((host) => (sum += host.weight));
    this.total = Math.min(sum, 2 ** 32);
  }

  pick(): UpstreamHost | undefined {
    let best: UpstreamHost | undefined;
    for (let i = 0; i < this.choices; i += 1) {
      const drawn = this.draw();
      if (best === undefined || load(drawn) < load(best)) best = drawn;
    }
    return best;
  }

  private draw(): UpstreamHost {
    const draw = this.random.below(this.total);
    let low = 0;
    let high = this.sums.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (draw < (this.sums[middle] as number)) high = middle;
      else low = middle + 1;
    }
    return this.hosts[low] as UpstreamHost;
  }
}

function load(host: UpstreamHost): number {
  return host.stats.rqActive / host.weight;
}
