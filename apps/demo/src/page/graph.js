/* global document, window */
import { grade, percent, rate, time } from './format.js';

const SVG = 'http://www.w3.org/2000/svg';
const HEIGHT = 66;

const NODES = {
  browser: { kind: 'browser', note: 'you' },
  gateway: { kind: 'proxy', note: 'edge of the mesh' },
  'videos-web': { kind: 'service', note: 'the page' },
  'videos-web-v2': { kind: 'service', note: 'the page, version 2' },
  'playlists-api': { kind: 'service', note: '' },
  'videos-api': { kind: 'service', note: '' },
  'playlists-db': { kind: 'redis', note: 'Redis' },
  'videos-db': { kind: 'redis', note: 'Redis' },
};

/** Calls go from left to right. */
const LANDSCAPE = {
  size: [1450, 606],
  width: 194,
  centres: {
    browser: [100, 205],
    gateway: [500, 205],
    'videos-web': [900, 48],
    'videos-web-v2': [900, 200],
    'playlists-api': [900, 362],
    'videos-api': [1340, 362],
    'playlists-db': [900, 560],
    'videos-db': [1340, 560],
  },
  /** From the right side of one node to the left side of the other, or from its foot to the other's head. */
  path: ([x1, y1], [x2, y2]) => (x1 === x2 ? downwards([x1, y1], [x2, y2]) : sideways([x1, y1], [x2, y2])),
  chip: ([x1, y1], [x2, y2]) => [(x1 + x2) / 2, (y1 + y2) / 2],
};

/** Calls go from top to bottom, as wide as a phone is; what a call costs stands above who is called. */
const PORTRAIT = {
  size: [440, 926],
  width: 194,
  centres: {
    browser: [220, 40],
    gateway: [220, 198],
    'videos-web': [112, 383],
    'videos-web-v2': [328, 383],
    'playlists-api': [220, 560],
    'playlists-db': [112, 725],
    'videos-api': [328, 725],
    'videos-db': [328, 888],
  },
  path: (from, to) => downwards(from, to),
  chip: (_, [x, y]) => [x, y - HEIGHT / 2 - 42],
};

const NARROW = window.matchMedia('(max-width: 700px)');

/** What each kind of node shows beside its name. */
const GLYPHS = {
  browser: 'M-9 -8h18v16h-18zM-9 -3h18',
  proxy: 'M-9 0h18M3 -6l6 6l-6 6M-9 -6v12',
  service: 'M-8 -8h16v16h-16zM-4 -3h8M-4 2h5',
  redis: 'M-8 -6c0 -4 16 -4 16 0v12c0 4 -16 4 -16 0zM-8 -6c0 4 16 4 16 0M-8 0c0 4 16 4 16 0',
};

function make(name, attributes, parent) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  parent.append(element);
  return element;
}

function text(parent, { x, y, value, ...attributes }) {
  const element = make('text', { x, y, ...attributes }, parent);
  element.textContent = value;
  return element;
}

/** Draws the graph, and again when the screen turns; gives back what brings its figures up to date. */
export function drawGraph(svg, { edges, processes }) {
  let last;
  const isSidecar = /-sidecar$/;
  const meshed = new Set(processes.flatMap(({ name }) => (isSidecar.test(name) ? name.replace(isSidecar, '') : [])));
  let show = draw(svg, { edges, meshed });
  NARROW.addEventListener('change', () => {
    show = draw(svg, { edges, meshed });
    if (last !== undefined) show(last);
  });
  return (state) => {
    last = state;
    show(state);
  };
}

function draw(svg, { edges, meshed }) {
  const layout = NARROW.matches ? PORTRAIT : LANDSCAPE;
  svg.replaceChildren();
  svg.setAttribute('viewBox', `0 0 ${layout.size.join(' ')}`);
  const edgeLayer = make('g', {}, svg);
  const nodeLayer = make('g', {}, svg);
  const chipLayer = make('g', {}, svg);
  const nodes = new Map(
    Object.keys(NODES).map((name) => [name, drawNode(nodeLayer, name, { ...layout, isMeshed: meshed.has(name) })]),
  );
  const lines = new Map(edges.map((edge) => [edge.id, drawEdge(edgeLayer, chipLayer, { edge, layout })]));
  return ({ edges: figures, apps, processes: running }) => {
    for (const edge of figures) lines.get(edge.id)?.(edge);
    for (const app of apps) nodes.get(app.from)?.note(app);
    for (const { name, alive } of running) nodes.get(name)?.group.classList.toggle('down', !alive);
  };
}

function drawNode(layer, name, { width, centres, isMeshed }) {
  const { kind, note } = NODES[name];
  const [x, y] = centres[name];
  const group = make('g', { transform: `translate(${x - width / 2} ${y - HEIGHT / 2})` }, layer);
  make('rect', { class: 'box', width, height: HEIGHT, rx: 13 }, group);
  make('path', { class: 'glyph', d: GLYPHS[kind], transform: 'translate(24 24)' }, group);
  text(group, { class: 'name', x: 42, y: 29, value: name });
  const line = text(group, { class: 'soft', x: 16, y: 52, value: note });
  if (isMeshed) {
    const badge = make('g', {}, group);
    make('rect', { class: 'sidecar', x: width - 10, y: HEIGHT / 2 - 13, width: 20, height: 26, rx: 7 }, badge);
    make(
      'path',
      {
        d: 'M-4 -5v10M0 -5v10M4 -5v10',
        stroke: 'var(--on-accent)',
        'stroke-width': 1.8,
        'stroke-linecap': 'round',
        transform: `translate(${width} ${HEIGHT / 2})`,
      },
      badge,
    );
    make('title', {}, badge).textContent = `the Weft sidecar of ${name}`;
  }
  return {
    group,
    note: (app) => {
      line.textContent = app.total.attempts === 0 ? note : `${percent(app.attemptSuccessPercent)} without an error`;
      line.setAttribute('class', `soft ${app.attemptSuccessPercent < 99.9 ? grade(app.attemptSuccessPercent) : ''}`);
    },
  };
}

function sideways([x1, y1], [x2, y2]) {
  const [start, end] = [x1 + LANDSCAPE.width / 2, x2 - LANDSCAPE.width / 2];
  const bend = (end - start) * 0.42;
  return `M${start} ${y1}C${start + bend} ${y1} ${end - bend} ${y2} ${end} ${y2}`;
}

function downwards([x1, y1], [x2, y2]) {
  const [start, end] = [y1 + HEIGHT / 2, y2 - HEIGHT / 2];
  if (x1 === x2) return `M${x1} ${start}L${x2} ${end}`;
  const bend = (end - start) * 0.42;
  return `M${x1} ${start}C${x1} ${start + bend} ${x2} ${end - bend} ${x2} ${end}`;
}

function drawEdge(layer, chips, { edge, layout }) {
  const ends = [layout.centres[edge.from], layout.centres[edge.to]];
  const group = make('g', {}, layer);
  const line = make('path', { class: 'edge', d: layout.path(...ends), 'stroke-width': 2 }, group);
  make('path', { class: 'flow', d: layout.path(...ends) }, group);
  const middle = layout.chip(...ends);
  const chip = make('g', {}, chips);
  const box = make('rect', { class: 'chip', rx: 9 }, chip);
  return (figures) => {
    const moving = figures.perSecond.attempts > 0;
    group.setAttribute(
      'class',
      `${figures.total.calls === 0 ? '' : grade(figures.successPercent)} ${moving ? 'moving' : ''}`,
    );
    line.setAttribute('stroke-width', String(2 + Math.min(6, 1.5 * Math.log10(1 + figures.perSecond.calls))));
    const width = fillChip(chip, box, linesOf(figures));
    const [x, y] = middle;
    // At the edge of the drawing it moves inwards.
    const inside = Math.min(Math.max(x, width / 2 + 2), layout.size[0] - width / 2 - 2);
    chip.setAttribute('transform', `translate(${inside} ${y})`);
  };
}

function linesOf({ kind, perSecond, total, successPercent, p50Ms, p99Ms }) {
  const lines = [
    {
      class: 'rate',
      value: `${rate(perSecond.calls)}${kind === 'redis' ? ' commands' : ''}/s`,
      second: percent(successPercent),
      grade: grade(successPercent),
    },
    { class: 'soft', value: `p50 ${time(p50Ms)} · p99 ${time(p99Ms)}` },
  ];
  if (total.retries > 0)
    lines.push({ class: 'soft', value: `${rate(perSecond.retries)} retries/s · ${total.retries} in all` });
  return lines;
}

const LINE = 19;

function fillChip(chip, box, lines) {
  while (chip.lastChild !== box) chip.lastChild.remove();
  const top = (-lines.length * LINE) / 2;
  const widths = lines.map((line, at) => {
    const element = text(chip, {
      class: line.class,
      x: 0,
      y: top + at * LINE + 14,
      value: line.value,
      'text-anchor': 'middle',
    });
    if (line.second !== undefined) {
      const second = make('tspan', { class: line.grade, dx: 10 }, element);
      second.textContent = line.second;
    }
    // The computed length leaves out the gap before the percentage.
    return element.getBBox().width;
  });
  const width = Math.max(...widths) + 24;
  for (const [key, value] of Object.entries({ x: -width / 2, y: top - 4, width, height: lines.length * LINE + 8 }))
    box.setAttribute(key, value);
  return width;
}
