import type { ServerInfo } from './admin-source.ts';
import type { Endpoint, EndpointGroup, EndpointParameter } from './endpoint.ts';
import { ENDPOINTS } from './endpoints.ts';
import { INDEX_STYLE } from './index-style.ts';

const GROUPS: readonly EndpointGroup[] = ['Overview', 'Statistics', 'Configuration', 'Life cycle'];

/** GET /: every endpoint, with a form for its parameters. One document without scripts or other files. */
export function indexPage(info: ServerInfo): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escapeHtml(nodeName(info))} · Weft admin</title>
<link rel="icon" href="data:image/svg+xml,${encodeURIComponent(MARK)}">
<style>${INDEX_STYLE}</style>
</head>
<body>
<header>
<div class="brand">${MARK}<h1>${escapeHtml(nodeName(info))}</h1><span class="state ${info.state.toLowerCase()}">${info.state}</span></div>
<dl>${fact('Cluster', text(info.node['cluster']))}${fact('Version', shortVersion(info.version))}${fact('Up for', duration(info.uptimeCurrentEpochMs))}${fact('Workers', text(info.commandLineOptions['concurrency']))}</dl>
</header>
<main>
${GROUPS.map(group).join('\n')}
</main>
<footer>The same list as text: <a href="help">/help</a></footer>
</body>
</html>
`;
}

const MARK =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32" width="32" height="32" aria-hidden="true"><rect width="32" height="32" rx="8" fill="#3b5bdb"/><g fill="none" stroke-width="3" stroke-linecap="round"><path stroke="#91a7ff" d="M11 6v20M21 6v20"/><path stroke="#fff" d="M6 12h3.500M13 12h13M6 21h12.500M23 21h3"/></g></svg>';

function group(name: EndpointGroup): string {
  const endpoints = ENDPOINTS.filter((endpoint) => endpoint.group === name);
  return `<section><h2>${name}</h2>\n<ul>\n${endpoints.map(row).join('\n')}\n</ul></section>`;
}

function row(endpoint: Endpoint): string {
  // Relative, so that the page works behind a path prefix.
  const href = endpoint.path.slice(1);
  const title = endpoint.mutates
    ? `<span class="path">${endpoint.path}</span><span class="verb">POST</span>`
    : `<a class="path" href="${href}">${endpoint.path}</a>`;
  return `<li id="${href.replaceAll('/', '-')}"><div class="what"><div>${title}</div><p>${escapeHtml(sentence(endpoint.description))}</p></div>${form(endpoint, href)}</li>`;
}

function form(endpoint: Endpoint, href: string): string {
  const { mutates, parameters } = endpoint;
  if (!mutates && parameters.length === 0) return '';
  // Its parameters have the names of runtime keys, which a form without a script cannot choose.
  if (endpoint.path === '/runtime_modify') return '<code>curl -X POST …/runtime_modify?key=value</code>';
  const fields = parameters.map((parameter) => field(endpoint, parameter)).join('');
  const danger = endpoint.path === '/quitquitquit';
  const sure = danger ? '<label class="flag"><input type="checkbox" required> I am sure</label>' : '';
  return `<form action="${href}" method="${mutates ? 'post' : 'get'}">${fields}${sure}<button${danger ? ' class="danger"' : ''}>${mutates ? 'Do it' : 'Show'}</button></form>`;
}

function field(endpoint: Endpoint, { name, description, values, example = '' }: EndpointParameter): string {
  const id = `${endpoint.path}-${name}`.slice(1).replaceAll('/', '-');
  const title = escapeHtml(description);
  if (values === 'flag') {
    return `<label class="flag" title="${title}"><input type="checkbox" name="${name}" value=""> ${name}</label>`;
  }
  const input =
    values === 'text'
      ? `<input id="${id}" name="${name}" placeholder="${example}" title="${title}">`
      : `<select id="${id}" name="${name}" title="${title}">${values.map((value) => `<option value="${value}">${value === '' ? '–' : value}</option>`).join('')}</select>`;
  return `<label for="${id}">${name}${input}</label>`;
}

function fact(name: string, value: string): string {
  return value === '' ? '' : `<div><dt>${name}</dt><dd>${escapeHtml(value)}</dd></div>`;
}

function nodeName(info: ServerInfo): string {
  return text(info.node['id']) || 'Weft proxy';
}

function text(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}

/** `<revision>/<version>/…` as `version (revision)`. */
function shortVersion(version: string): string {
  const [revision = '', number = ''] = version.split('/');
  return number === '' ? version : `${number} (${revision.slice(0, 8)})`;
}

function duration(ms: number): string {
  const minutes = Math.floor(ms / 60_000);
  if (minutes < 1) return `${Math.floor(ms / 1000)} s`;
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} days`;
}

function sentence(description: string): string {
  return description.charAt(0).toUpperCase() + description.slice(1);
}

function escapeHtml(plain: string): string {
  return plain.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
