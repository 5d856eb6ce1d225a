import { ENDPOINTS } from './endpoints.ts';

/** /help, and the end of the 404 reply: every endpoint with its parameters, by path. */
export function helpText(): string {
  const entries = [
    { path: '/', description: 'this list as a page', mutates: false, parameters: [] },
    { path: '/help', description: 'this list', mutates: false, parameters: [] },
    ...ENDPOINTS,
  ].sort((a, b) => (a.path < b.path ? -1 : 1));
  let text = 'admin commands are:\n';
  for (const { path, description, mutates, parameters } of entries) {
    text += `  ${path}${mutates ? ' (POST)' : ''}: ${description}\n`;
    for (const parameter of parameters) {
      const choice = typeof parameter.values === 'string' ? '' : `; One of (${parameter.values.join(', ')})`;
      text += `      ${parameter.name}: ${parameter.description}${choice}\n`;
    }
  }
  return text;
}
