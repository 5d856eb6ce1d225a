/* global document */
import { grade, percent, rate, time } from './format.js';

const SVG = 'http://www.w3.org/2000/svg';
const WIDTH = 194;
const HEIGHT = 66;

/** Centres of the nodes. */
const NODES = {
  browser: { x: 100, y: 205, kind: 'browser', note: 'you' },
  gateway: { x: 500, y: 205, kind: 'proxy', note: 'edge of the mesh' },
  'videos-web': { x: 900, y: 48, kind: 'service', note: 'the page' },
  'videos-web-v2': { x: 900, y: 200, kind: 'service', note: 'the page, version 2' },
  'playlists-api': { x: 900, y: 362, kind: 'service', note: '' },
  'videos-api': { x: 1340, y: 362, kind: 'service', note: '' },
  'playlists-db': { x: 900, y: 560, kind: 'redis', note: 'Redis' },
  'videos-db': { x: 1340, y: 560, kind: 'redis', note: 'Redis' },
};

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

/** Draws the graph once; gives back what brings its figures up to date. */
export function drawGraph(svg, edges) {
  const edgeLayer = make('g', {}, svg);
  const nodeLayer = make('g', {}, svg);
  const chipLayer = make('g', {}, svg);
  const nodes = new Map(Object.entries(NODES).map(([name, node]) => [name, drawNode(nodeLayer, name, node)]));
  const lines = new Map(edges.map((edge) => [edge.id, drawEdge(edgeLayer, chipLayer, edge)]));
  return ({ edges: figures, apps, processes }) => {
    for (const edge of figures) lines.get(edge.id)?.(edge);
    for (const app of apps) nodes.get(app.from)?.note(app);
    for (const { name, alive } of processes) nodes.get(name)?.group.classList.toggle('down', !alive);
  };
}

function drawNode(layer, name, { x, y, kind, note }) {
  const group = make('g', { transform: `translate(${x - WIDTH / 2} ${y - HEIGHT / 2})` }, layer);
  make('rect', { class: 'box', width: WIDTH, height: HEIGHT, rx: 13 }, group);
  make('path', { class: 'glyph', d: GLYPHS[kind], transform: 'translate(24 24)' }, group);
  text(group, { class: 'name', x: 42, y: 29, value: name });
  const line = text(group, { class: 'soft', x: 16, y: 52, value: note });
  if (kind === 'service') {
    const badge = make('g', {}, group);
    make('rect', { class: 'sidecar', x: WIDTH - 10, y: HEIGHT / 2 - 13, width: 20, height: 26, rx: 7 }, badge);
    make(
      'path',
      {
        d: 'M-4 -5v10M0 -5v10M4 -5v10',
        stroke: 'var(--on-accent)',
        'stroke-width': 1.8,
        'stroke-linecap': 'round',
        transform: `translate(${WIDTH} ${HEIGHT / 2})`,
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

/** From the right side of one node to the left side of the other, or from its foot to the other's head. */
function pathOf(from, to) {
  if (from.x === to.x) return `M${from.x} ${from.y + HEIGHT / 2}L${to.x} ${to.y - HEIGHT / 2}`;
  const [x1, x2] = [from.x + WIDTH / 2, to.x - WIDTH / 2];
  const bend = (x2 - x1) * 0.42;
  return `M${x1} ${from.y}C${x1 + bend} ${from.y} ${x2 - bend} ${to.y} ${x2} ${to.y}`;
}

function drawEdge(layer, chips, edge) {
  const [from, to] = [NODES[edge.from], NODES[edge.to]];
  const group = make('g', {}, layer);
  const line = make('path', { class: 'edge', d: pathOf(from, to), 'stroke-width': 2 }, group);
  make('path', { class: 'flow', d: pathOf(from, to) }, group);
  const middle = { x: (from.x + to.x) / 2, y: (from.y + to.y) / 2 };
  const chip = make('g', { transform: `translate(${middle.x} ${middle.y})` }, chips);
  const box = make('rect', { class: 'chip', rx: 9 }, chip);
  return (figures) => {
    const moving = figures.perSecond.attempts > 0;
    group.setAttribute(
      'class',
      `${figures.total.calls === 0 ? '' : grade(figures.successPercent)} ${moving ? 'moving' : ''}`,
    );
    line.setAttribute('stroke-width', String(2 + Math.min(6, 1.5 * Math.log10(1 + figures.perSecond.calls))));
    fillChip(chip, box, linesOf(figures));
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
    return element.getComputedTextLength();
  });
  const width = Math.max(...widths) + 24;
  for (const [key, value] of Object.entries({ x: -width / 2, y: top - 4, width, height: lines.length * LINE + 8 }))
    box.setAttribute(key, value);
}
