import type { ResourceTable } from './resource-table.ts';

/** Resources of one type from one server. */
export interface TypeSource {
  readonly table: ResourceTable;
  /** Somebody asks for something else: the server is to hear of it. */
  namesChanged(): void;
  /** The server is to tell of these once more. */
  askAgain(names: readonly string[]): void;
}

/** A server of resources: a stream, or an endpoint that is polled. */
export interface ResourceSource {
  /** Made when it is first asked for. */
  type(typeName: string): TypeSource;
  readonly types: Iterable<TypeSource>;
  /** Nobody subscribes to anything. */
  readonly idle: boolean;
  /** It answered last time. */
  readonly connected: boolean;
  /** Who answers, in its own words; `''`: unknown. */
  readonly identifier: string;
  /** Begins, if it has not. */
  start(): void;
  /** Counted: while it is above 0, no request for the type is sent. */
  pause(typeName: string, by: number): void;
  close(): void;
}
