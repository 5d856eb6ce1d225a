/* global document, fetch, setInterval, clearInterval */
import { grade, percent, rate, time } from './format.js';
import { drawGraph } from './graph.js';

const SWITCHES = ['flaky', 'retries', 'canary'];
const byId = (id) => document.getElementById(id);

let showGraph;
let status;
/** What a switch did stays to be read for a while. */
let lastChangeMs = 0;
/** The user is dragging the slider: what comes from the demo must not move it. */
let dragging = false;

async function poll() {
  try {
    const response = await fetch('status.json');
    status = await response.json();
    show(status);
  } catch {
    byId('state').textContent = 'the demo does not answer: has it ended?';
    byId('state').className = 'lost';
  }
}

function show(now) {
  byId('state').textContent = `${now.state} for ${duration(now.uptimeSeconds)} · ${now.proxy}`;
  byId('state').className = '';
  byId('page-link').href = now.page;
  byId('api-link').href = now.api;
  showSettings(now);
  showGraph ??= drawGraph(byId('graph'), now);
  showGraph(now);
  byId('edges').tBodies[0].replaceChildren(...now.edges.map((edge) => edgeRow(edge, now.documents)));
  byId('mesh-folder').textContent = now.meshFolder;
  byId('documents').tBodies[0].replaceChildren(...now.documents.map(documentRow));
  byId('processes').tBodies[0].replaceChildren(...now.processes.map(processRow));
  showFacts(now);
}

function duration(seconds) {
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  if (hours > 0) return `${hours} h ${minutes} min`;
  return minutes > 0 ? `${minutes} min ${seconds % 60} s` : `${seconds} s`;
}

function showSettings({ settings, remarks }) {
  for (const name of SWITCHES) byId(name).setAttribute('aria-checked', String(settings[name]));
  if (!dragging) {
    byId('split').value = String(settings.split);
    byId('split-value').textContent = String(settings.split);
  }
  if (!byId('message').classList.contains('fault') && Date.now() - lastChangeMs > 8_000) say(remarks.join('\n'));
}

function say(text, isFault = false) {
  byId('message').textContent = text;
  byId('message').hidden = text === '';
  byId('message').classList.toggle('fault', isFault);
}

/** Which documents a switch wrote, with links to those that are there. */
function sayMore({ documents, changed, tookMs }) {
  const message = byId('message');
  message.hidden = false;
  if (message.textContent !== '') message.append(' ');
  message.append(`In force after ${tookMs} ms (${changed.join(', ')}): `);
  for (const [at, file] of documents.entries()) {
    const isThere = status.documents.some((one) => one.file === file);
    message.append(at === 0 ? '' : ', ', isThere ? documentLink({ file }) : `${file} is gone`);
  }
  lastChangeMs = Date.now();
}

function cell(text, className = '') {
  const td = document.createElement('td');
  td.textContent = text;
  td.className = className;
  return td;
}

function row(...cells) {
  const tr = document.createElement('tr');
  tr.append(...cells);
  return tr;
}

function link(address, text) {
  const anchor = document.createElement('a');
  anchor.href = address;
  anchor.textContent = text;
  return anchor;
}

function documentLink({ file }, text = file) {
  return link(`mesh/${file.split('/').map(encodeURIComponent).join('/')}`, text);
}

function documentRow(one) {
  const file = cell('');
  // What may hold a secret is not shown.
  file.append(one.kind === '' || one.kind === 'Secret' ? one.file : documentLink(one));
  if (one.line !== null && one.isFault) file.append(`:${one.line}`);
  return row(
    file,
    cell(one.kind),
    cell(one.isAdded ? `${one.name} (added)`.trimStart() : one.what, 'wrap'),
    cell(one.status, one.isFault ? 'wrap bad' : 'wrap'),
    cell(one.switch ?? ''),
  );
}

function edgeRow(edge, documents) {
  const {
    id,
    from,
    to,
    kind,
    perSecond,
    total,
    successPercent,
    attemptSuccessPercent,
    p50Ms,
    p99Ms,
    activeConnections,
  } = edge;
  const steered = cell('');
  for (const [at, one] of documents.filter(({ edges }) => edges.includes(id)).entries())
    steered.append(at === 0 ? '' : ' · ', documentLink(one, one.file.replace(/^.*\//, '')));
  const name = cell(`${from} → ${to}`);
  if (kind === 'redis') {
    const note = document.createElement('small');
    note.textContent = ' commands';
    name.append(note);
  }
  return row(
    name,
    cell(rate(perSecond.calls), 'n'),
    cell(percent(successPercent), `n ${grade(successPercent)}`),
    cell(percent(attemptSuccessPercent), `n ${grade(attemptSuccessPercent)}`),
    cell(rate(perSecond.retries), 'n'),
    cell(time(p50Ms), 'n'),
    cell(time(p99Ms), 'n'),
    cell(String(total.calls), 'n'),
    cell(String(total.failures), 'n'),
    cell(String(total.retries), 'n'),
    cell(String(total.retrySuccesses), 'n'),
    cell(String(activeConnections), 'n'),
    steered,
  );
}

function processRow({ name, pid, agent, alive, restarts, ports, admin, log }) {
  const what = cell(alive ? name : `${name} (not running)`, alive ? '' : 'bad');
  if (restarts > 0) what.append(` · started again ${restarts}×`);
  const adminPage = cell('');
  if (admin !== null) adminPage.append(link(admin, admin.replace('http://', '')));
  const file = cell('');
  const base = log?.replace(/^.*\//, '') ?? '';
  if (base !== '') file.append(link(`logs/${encodeURIComponent(base)}`, base));
  return row(
    what,
    cell(pid === null ? '–' : String(pid), 'n'),
    cell(agent === null ? '–' : String(agent), 'n'),
    cell(ports.map(({ what: of, port }) => `${of} ${port}`).join(', ')),
    adminPage,
    file,
  );
}

function showFacts({ redis, zipkin, processes }) {
  const log = processes.find((one) => one.log !== null)?.log ?? '';
  const facts = { Redis: redis, Logs: log.replace(/\/[^/]*$/, ''), ...(zipkin === null ? {} : { Traces: zipkin }) };
  const items = Object.entries(facts).flatMap(([name, value]) => {
    const [term, description] = [document.createElement('dt'), document.createElement('dd')];
    term.textContent = name;
    description.textContent = value;
    return [term, description];
  });
  byId('facts').replaceChildren(...items);
}

async function change(settings) {
  const response = await fetch('settings', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(settings),
  });
  const answer = await response.json();
  if (response.ok) say(answer.remarks.join('\n'));
  else say(answer.faults.join('\n'), true);
  await poll();
  if (response.ok && answer.documents.length > 0) sayMore(answer);
}

for (const name of SWITCHES)
  byId(name).addEventListener('click', async () => {
    byId(name).disabled = true;
    await change({ [name]: !status.settings[name] }).finally(() => (byId(name).disabled = false));
  });

byId('split').addEventListener('input', () => {
  dragging = true;
  byId('split-value').textContent = byId('split').value;
});
byId('split').addEventListener('change', async () => {
  await change({ split: Number(byId('split').value) }).finally(() => (dragging = false));
});

let traffic;

/** Loads pages and catalogs without looking at them: what they are shows in the proxies' figures. */
function sendTraffic(perSecond) {
  clearInterval(traffic);
  if (perSecond === 0) return;
  const load = (address) => void fetch(address, { mode: 'no-cors', cache: 'no-store' }).catch(() => undefined);
  traffic = setInterval(() => {
    load(status.page);
    load(status.api);
  }, 1000 / perSecond);
}

byId('traffic').addEventListener('click', ({ target }) => {
  if (target.dataset.rate === undefined) return;
  for (const button of byId('traffic').children) button.setAttribute('aria-pressed', String(button === target));
  sendTraffic(Number(target.dataset.rate));
});

await poll();
setInterval(() => void poll(), 1000);
