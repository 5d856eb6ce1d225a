import { ConfigHistory, debugEndpoints, type DebugSource } from '@weft/control-debug';
import { after } from '@weft/core-runtime';
import type { ControlPlane } from './control-plane.ts';
import type { ApiRoutes } from './http-api.ts';
import { controlPlaneVersion } from './version.ts';

/** An answer that takes long holds others up for about this long at most. */
const SLICE_MS = 10;

/** What the debug port answers beyond registrations. */
export function debugRoutes(controlPlane: ControlPlane): ApiRoutes {
  return debugEndpoints(new ControlPlaneView(controlPlane));
}

/** The control plane as its debug endpoints see it. */
class ControlPlaneView implements DebugSource {
  readonly name = 'weft-control-plane';
  readonly version = controlPlaneVersion();
  private readonly controlPlane: ControlPlane;
  private restedMs = 0;

  constructor(controlPlane: ControlPlane) {
    this.controlPlane = controlPlane;
  }

  get authority(): DebugSource['authority'] {
    return this.controlPlane.authority;
  }

  get history(): ConfigHistory {
    return this.controlPlane.history;
  }

  proxies(): ReturnType<DebugSource['proxies']> {
    return this.controlPlane.status();
  }

  meshProxy(nodeId: string): ReturnType<DebugSource['meshProxy']> {
    return this.controlPlane.pusher.proxy(nodeId);
  }

  snapshotOf(nodeId: string): ReturnType<DebugSource['snapshotOf']> {
    return this.controlPlane.cache.get(nodeId);
  }

  withheld(nodeId: string): ReturnType<DebugSource['withheld']> {
    return this.controlPlane.pusher.withheldFrom(nodeId);
  }

  mesh(): ReturnType<DebugSource['mesh']> {
    return this.controlPlane.current;
  }

  documents(): ReturnType<DebugSource['documents']> {
    return this.controlPlane.mesh.objects;
  }

  loads(): ReturnType<DebugSource['loads']> {
    return this.controlPlane.reports.loads.all();
  }

  accessLogs(nodeId: string): ReturnType<DebugSource['accessLogs']> {
    return this.controlPlane.reports.accessLogs.of(nodeId);
  }

  metrics(nodeId: string): ReturnType<DebugSource['metrics']> {
    return this.controlPlane.reports.stats.of(nodeId);
  }

  rest(): Promise<void> {
    const { clock, timers } = this.controlPlane.runtime;
    if (clock.nowMs() - this.restedMs < SLICE_MS) return Promise.resolve();
    return new Promise((resolve) => {
      after(timers, 0, () => {
        this.restedMs = clock.nowMs();
        resolve();
      });
    });
  }
}
