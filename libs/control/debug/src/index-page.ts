/** The paths of the debug port that people may open, each with a sentence. */
export const PAGES: Readonly<Record<string, string>> = {
  '/debug/info': 'Name and version of the control plane, and whether it has read its documents.',
  '/debug/syncz': 'How each proxy stands with each type: synced, stale, refused and why, with versions and times.',
  '/debug/config_dump?proxyID=NAME.NAMESPACE': "Everything that a proxy is to have, in the form of Envoy's own dump.",
  '/debug/origins?proxyID=NAME.NAMESPACE':
    'The DestinationRules and VirtualServices behind its clusters and virtual hosts.',
  '/debug/accesslogz?proxyID=NAME.NAMESPACE':
    'The last calls that a proxy reported to the access log service (limit=N).',
  '/debug/metricsz?proxyID=NAME.NAMESPACE':
    'The stats that a proxy last reported to the metrics service (filter=TEXT).',
  '/debug/registryz': 'The services of the mesh.',
  '/debug/endpointz': 'Where each port of each service is served.',
  '/v1/registration': 'The same by service key, as the first discovery services listed it.',
  '/debug/configz': 'The documents as they are in force, and those that are refused, with the reasons.',
  '/debug/status':
    'What became of each resource: effective on how many proxies, shadowed by whom, not attached and why.',
  '/debug/describe?service=NAME.NAMESPACE': 'What holds for a service or a workload, from what proxies are told.',
  '/debug/edges': 'Who calls whom, and whether both ends prove who they are.',
  '/debug/authzz?src=NAME&dst=NAME&method=GET&path=/': 'Whether a request would be let in, and the rule that decides.',
  '/debug/caz': 'The roots, what is under way with them and until when, and who was given a certificate last when.',
  '/debug/analysis': 'What is wrong with the documents, as weft analyze tells it.',
  '/debug/versionz': 'The kept versions of the documents, newest first.',
  '/debug/versionz/N': 'One version; with ?against=M what differs from another.',
  '/v1/workloads': 'The workloads that registered themselves.',
  '/ready': 'Whether the control plane serves.',
};

/** What a browser shows at /debug. */
export function indexPage(name: string, version: string): string {
  const rows = Object.entries(PAGES).map(([path, sentence]) => {
    const complete = !/[?/](?:.*=)?[A-Z]/.test(path);
    const shown = complete ? `<a href="${escapeHtml(path)}">${escapeHtml(path)}</a>` : escapeHtml(path);
    return `<tr><td><code>${shown}</code></td><td>${escapeHtml(sentence)}</td></tr>`;
  });
  return [
    '<!doctype html>',
    '<html lang="en"><head><meta charset="utf-8"><title>Weft control plane</title>',
    '<style>body{font:16px/1.5 system-ui,sans-serif;margin:2rem;max-width:64rem}td{padding:.2rem 1rem .2rem 0;vertical-align:top}</style>',
    '</head><body>',
    `<h1>${escapeHtml(name)} ${escapeHtml(version)}</h1>`,
    '<p>Everything here is JSON, and nothing here is secret. <code>weft proxy-status</code>, <code>weft proxy-config</code>,',
    '<code>weft describe</code>, <code>weft edges</code>, <code>weft diff</code> and <code>weft authz why</code> read it.</p>',
    `<table>${rows.join('\n')}</table>`,
    '<p><code>POST /debug/rollback/N</code> puts the documents of version N back: <code>weft rollback N</code>.',
    '<code>POST /debug/ca/rotate</code> begins an exchange of the root: <code>weft ca rotate</code>.</p>',
    '</body></html>',
    '',
  ].join('\n');
}

function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
