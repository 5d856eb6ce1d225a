import { durationMs, type VirtualServiceHttp } from '@weft/api-kube';
import type { Analysis, Spot } from '../analysis.ts';

/** Retries, timeouts and header matches that do something else than they seem to. */
export function checkResilience(analysis: Analysis): void {
  for (const object of analysis.of('networking.istio.io/VirtualService')) {
    for (const [i, rule] of (object.spec.http ?? []).entries()) {
      checkRetries(analysis, { object, path: `spec.http[${i}]` }, rule);
      for (const [j, { headers = {} }] of (rule.match ?? []).entries()) {
        const [name, cookie] = Object.entries(headers).find(([key]) => key.toLowerCase() === 'cookie') ?? [];
        if (cookie?.regex !== undefined)
          checkCookie(
            analysis,
            { object, path: `spec.http[${i}].match[${j}].headers.${name ?? ''}.regex` },
            cookie.regex,
          );
      }
    }
    for (const [i, { mirror_percent, mirrorPercent, corsPolicy, fault }] of (object.spec.http ?? []).entries()) {
      const path = `spec.http[${i}]`;
      const old = { mirror_percent, mirrorPercent };
      for (const [field, value] of Object.entries(old))
        if (value !== undefined)
          analysis.report(
            'IST0002',
            { object, path: `${path}.${field}` },
            `The field ${field} is deprecated.`,
            'use mirrorPercentage',
          );
      if (corsPolicy?.allowOrigin !== undefined)
        analysis.report(
          'IST0002',
          { object, path: `${path}.corsPolicy.allowOrigin` },
          'The field allowOrigin is deprecated.',
          'use allowOrigins',
        );
      if (fault?.delay?.percent !== undefined)
        analysis.report(
          'IST0002',
          { object, path: `${path}.fault.delay.percent` },
          'The field percent is deprecated.',
          'use percentage',
        );
    }
  }
}

function checkRetries(analysis: Analysis, { object, path }: Spot, { retries, timeout }: VirtualServiceHttp): void {
  if (retries === undefined) return;
  const { attempts = 2, retryOn, perTryTimeout } = retries;
  if (attempts > 0 && (retryOn === undefined || retryOn === ''))
    analysis.report(
      'WFT0101',
      { object, path: `${path}.retries` },
      'The retries do not say what is retried. Weft retries failed connections, refused streams, resets and 503, these two for GET, HEAD, OPTIONS, PUT and DELETE only; Istio since 1.24 does not retry 503.',
      'add retryOn, for instance "connect-failure,refused-stream,reset,503"',
    );
  const whole = durationMs(timeout);
  const each = durationMs(perTryTimeout);
  if (whole !== undefined && whole > 0 && each !== undefined && attempts > 0 && whole <= each)
    analysis.report(
      'WFT0111',
      { object, path: `${path}.timeout` },
      `The timeout of ${timeout ?? ''} ends the request before the first try of ${perTryTimeout ?? ''} does: nothing that is slow is ever retried.`,
      `make timeout longer than ${perTryTimeout ?? ''}, or perTryTimeout shorter`,
    );
}

function checkCookie(analysis: Analysis, spot: Spot, regex: string): void {
  const pair = /[A-Za-z0-9_-]+=[A-Za-z0-9_-]+/.exec(regex)?.[0];
  const compiled = compile(regex);
  if (pair === undefined || compiled === undefined) return;
  // Without a separator the author speaks of the whole header.
  if (!regex.includes(';') || !compiled.test(pair) || compiled.test(`a=b; ${pair}`)) return;
  const mended = `^(.*;)?\\s*${pair}\\s*(;.*)?$`;
  analysis.report(
    'WFT0102',
    spot,
    `The regular expression matches "${pair}" and not "a=b; ${pair}": browsers put a space after each ";", so clients with another cookie are missed.`,
    `use ${mended}`,
  );
}

function compile(regex: string): RegExp | undefined {
  try {
    return new RegExp(`^(?:${regex})$`);
  } catch {
    return undefined;
  }
}
