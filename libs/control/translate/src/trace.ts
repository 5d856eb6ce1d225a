import type { MeshObject } from '@weft/control-mesh';

/** Why a document is asked for nothing: who is asked instead. */
export interface Shadow {
  readonly by: MeshObject;
  readonly message: string;
}

/** Which documents are behind what one view is told, and which are passed over for another: noted while it is made. */
export class Trace {
  private readonly acting = new Set<MeshObject>();
  private readonly shadows = new Map<MeshObject, Shadow>();
  private readonly without = new Set<MeshObject>();

  /** A call can reach something of it. */
  acts(object: MeshObject): void {
    this.acting.add(object);
  }

  /** At one place no call reaches it: another document takes them all before. */
  loses(object: MeshObject, by: MeshObject, message: string): void {
    if (!this.shadows.has(object)) this.shadows.set(object, { by, message });
  }

  /** It has the host, and none of its matches fits this caller. */
  fitsNone(object: MeshObject): void {
    this.without.add(object);
  }

  isActing(object: MeshObject): boolean {
    return this.acting.has(object);
  }

  /** Undefined too where it acts at another place. */
  shadowOf(object: MeshObject): Shadow | undefined {
    return this.acting.has(object) ? undefined : this.shadows.get(object);
  }

  isWithoutRoutes(object: MeshObject): boolean {
    return this.without.has(object) && !this.acting.has(object);
  }
}
