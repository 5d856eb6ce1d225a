import type { Runtime } from '@weft/core-runtime';
import { duplicate } from '@weft/net-descriptors';
import type { ListenSockets } from '@weft/proxy-filter-api';
import { HotRestart } from './hot-restart/hot-restart.ts';
import type { ProxyOptions } from './options.ts';
import { SharedSockets } from './workers/shared-sockets.ts';

/** The listening sockets of a process: its workers', and those it takes over from the process before it. */
export interface Sockets {
  readonly shared: SharedSockets;
  /** For the data plane on the main thread. */
  readonly ofFirstWorker: ListenSockets;
  /** Takes part in hot restarts, where the flags do not say otherwise. Rejects with a sentence. */
  begin(): Promise<HotRestart | undefined>;
}

export function socketsOf(options: ProxyOptions, runtime: Runtime): Sockets {
  let active: HotRestart | undefined;
  const shared: SharedSockets = new SharedSockets(options.concurrency, {
    duplicate: (fd) => duplicate(fd),
    inherited: (wish, worker) => active?.inherit(wish, worker),
  });
  return {
    shared,
    ofFirstWorker: {
      get alone() {
        return active === undefined;
      },
      claim: (wish) => shared.claim(wish, 0),
      bound: (wish, socket) => shared.bound(wish, 0, socket),
      released: (wish) => shared.released(wish, 0),
    },
    async begin() {
      if (options.disableHotRestart || options.mode !== 'serve') return undefined;
      const hotRestart = new HotRestart(options, runtime, () => shared.all);
      if (await hotRestart.begin()) active = hotRestart;
      return active;
    },
  };
}
