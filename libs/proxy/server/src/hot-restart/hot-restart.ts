import type { ProxyProcess } from '../proxy-process.ts';

/** Of the messages between parent and child; both must speak the same. */
export const HOT_RESTART_VERSION = 'weft.1';

/** A process's part in a hot restart: child of the one before it, parent of the one after it. */
export interface HotRestart {
  /** What both processes must have the same of. */
  readonly version: string;
  /** When the first process of the row began. */
  readonly firstStartWallMs: number;
  /** Connections that the parent still has. */
  readonly parentConnections: number;
  /** Asks the parent to give up its admin address. */
  closeParentAdmin(): Promise<void>;
  /** From now on a child may come. */
  serve(process: ProxyProcess): Promise<void>;
  /** This process serves: the parent drains. */
  takeOver(process: ProxyProcess): void;
  close(): void;
}
