import { refused, type DebugRequest, type DebugResponse } from './debug-route.ts';

/** A request that changes something. */
export interface LocalChange {
  /** `a rollback`. */
  readonly what: string;
  /** What a page in a browser cannot send to another site without being asked. */
  readonly header: string;
  /** What people do instead. */
  readonly command: string;
}

/** Why a change is refused; undefined: it comes from this machine, and from no browser. */
export function notFromHere(
  { headers, peerAddress }: DebugRequest,
  { what, header, command }: LocalChange,
): DebugResponse | undefined {
  // Nothing here proves who asks: what changes the mesh is for this machine, however far the port is open.
  if (!isLoopback(peerAddress))
    return refused(
      403,
      `${what} is taken from the control plane's own machine only, and this came from ${peerAddress}`,
      `run ${command} there, by way of 127.0.0.1`,
    );
  // Whoever can make a browser here open a page must not be able to change the mesh with it.
  if (headers[header] === undefined || headers['origin'] !== undefined)
    return refused(403, `the header ${header} is missing, or a browser sent this`, command);
  return undefined;
}

function isLoopback(address: string): boolean {
  return /^(::ffff:)?127\./i.test(address) || address === '::1';
}
