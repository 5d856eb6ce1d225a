/** The part of an Nx project graph that the check looks at. */
export interface ProjectGraph {
  readonly nodes: Readonly<
    Record<string, { readonly data: { readonly root: string; readonly tags?: readonly string[] } }>
  >;
  readonly dependencies: Readonly<Record<string, readonly { readonly target: string }[]>>;
}
export declare function allowedLayers(name: string): string[];
export declare function layerOfFolder(folder: string): string | undefined;
export declare function faultsOf(graph: ProjectGraph): string[];
