// The architecture as data: layers from the bottom up, planes, and which folder is which. Read by eslint.config.mjs and
// tools/check-layers.mjs; drawn in ARCHITECTURE.md.

/** Bottom first. A layer imports the layers below it; `siblings` says whether also its own. */
export const LAYERS = [
  { name: 'core', folders: ['libs/core'], siblings: false },
  { name: 'api', folders: ['libs/api'], siblings: false },
  { name: 'model', folders: ['libs/model'], siblings: true },
  { name: 'service', folders: ['libs/net', 'libs/xds', 'libs/observe'], siblings: false },
  { name: 'engine', folders: ['libs/proxy', 'libs/control', 'libs/agent', 'libs/ui'], siblings: true },
  { name: 'app', folders: ['apps'], siblings: false },
];

/** Stand beside the stack: the demo's services know nothing of the mesh, tests may look at everything. */
export const ASIDE = [
  { name: 'demo', folders: ['libs/demo'], imports: ['demo'] },
  { name: 'testing', folders: ['libs/testing', 'apps/mesh-e2e'], imports: ['*'] },
];

/** Data and control never import each other; both import what is shared. Tests stand outside of all planes. */
export const PLANES = {
  data: ['data', 'shared'],
  control: ['control', 'shared'],
  ui: ['ui', 'shared'],
  shared: ['shared'],
  demo: ['demo'],
  any: ['*'],
};

/** Layers that a layer may import, itself included where siblings are allowed. Apps of the demo may import its libs. */
export function allowedLayers(name) {
  const aside = ASIDE.find((layer) => layer.name === name);
  if (aside !== undefined) return aside.imports;
  const at = LAYERS.findIndex((layer) => layer.name === name);
  const below = LAYERS.slice(0, LAYERS[at].siblings ? at + 1 : at).map((layer) => layer.name);
  return name === 'app' ? [...below, 'demo'] : below;
}

export function layerOfFolder(folder) {
  // ASIDE first: apps/mesh-e2e is inside apps.
  const under = (layer) => layer.folders.some((prefix) => folder === prefix || folder.startsWith(`${prefix}/`));
  return (ASIDE.find(under) ?? LAYERS.find(under))?.name;
}

/** Every way in which an Nx project graph breaks the layers, as sentences. */
export function faultsOf(graph) {
  const faults = [];
  const tag = (name, axis) =>
    graph.nodes[name]?.data.tags?.find((text) => text.startsWith(`${axis}:`))?.slice(axis.length + 1);
  let edges = 0;
  for (const [name, node] of Object.entries(graph.nodes)) {
    const want = layerOfFolder(node.data.root);
    if (want === undefined) continue;
    if (tag(name, 'layer') !== want) faults.push(`${name} lies in ${node.data.root} and must be tagged layer:${want}`);
    if (PLANES[tag(name, 'plane')] === undefined) faults.push(`${name} has no plane tag`);
    for (const { target } of graph.dependencies[name] ?? []) {
      if (graph.nodes[target] === undefined || layerOfFolder(graph.nodes[target].data.root) === undefined) continue;
      edges += 1;
      const allowed = allowedLayers(want);
      if (!allowed.includes('*') && !allowed.includes(tag(target, 'layer')))
        faults.push(`${name} (${want}) imports ${target} (${tag(target, 'layer')}): imports go down only`);
      if (
        !allowed.includes('*') &&
        !(PLANES[tag(name, 'plane')] ?? []).some((plane) => plane === '*' || plane === tag(target, 'plane'))
      )
        faults.push(`${name} (plane ${tag(name, 'plane')}) imports ${target} (plane ${tag(target, 'plane')})`);
    }
  }
  if (edges === 0) faults.push('the graph has no imports at all, so nothing was checked: is @nx/js installed?');
  return faults;
}
