import type { RequestHeaderMap, ResponseHeaderMap } from '@weft/core-http';
import type { Counter } from '@weft/core-stats';
import {
  CONTINUE,
  STOP,
  type FilterFactoryContext,
  type FilterStream,
  type HeadersStatus,
  type HttpFilter,
  type HttpFilterFactory,
} from '@weft/proxy-filter-api';
import { CORS_ROUTE_TYPE, CORS_TYPE, decodeCors, decodeCorsPolicy } from './config.decode.ts';
import { CorsPolicy, type Share } from './config.ts';

const FILTER_NAME = 'envoy.filters.http.cors';
const OK = 200;
/** A share of requests is drawn out of so many. */
const DRAWS = 0x1_0000_0000;

/** `envoy.filters.http.cors`: which pages of other origins may ask (WHATWG Fetch, CORS protocol). */
export const corsFactory: HttpFilterFactory<Record<never, never>> = {
  typeName: CORS_TYPE,
  terminal: false,
  routeTypeName: CORS_ROUTE_TYPE,
  decode: decodeCors,
  decodeRoute: decodeCorsPolicy,
  prepare(_, context) {
    const prepared = new PreparedCors(context);
    return (stream) => new CorsFilter(prepared, stream);
  },
};

class PreparedCors {
  readonly name: string;
  readonly originValid: Counter;
  readonly originInvalid: Counter;

  constructor({ stats, filterName }: FilterFactoryContext) {
    this.name = filterName ?? FILTER_NAME;
    const scope = stats.scope('cors.');
    this.originValid = scope.counter('origin_valid');
    this.originInvalid = scope.counter('origin_invalid');
  }
}

class CorsFilter implements HttpFilter {
  private readonly cors: PreparedCors;
  private readonly stream: FilterStream;
  /** Undefined: the response is left as it is. */
  private answers: { readonly policy: CorsPolicy; readonly origin: string } | undefined;

  constructor(cors: PreparedCors, stream: FilterStream) {
    this.cors = cors;
    this.stream = stream;
  }

  onRequestHeaders(headers: RequestHeaderMap): HeadersStatus {
    const policy = this.policy();
    const origin = headers.get('origin') ?? '';
    if (policy === undefined || origin === '') return CONTINUE;
    const enforced = policy.enabled === undefined || this.isDrawn(policy.enabled);
    if (!enforced && !(policy.shadow !== undefined && this.isDrawn(policy.shadow))) return CONTINUE;
    const valid = policy.allows(origin);
    (valid ? this.cors.originValid : this.cors.originInvalid).inc();
    if (!enforced) return CONTINUE;
    const asked = headers.get('access-control-request-method') ?? '';
    const isPreflight = headers.method === 'OPTIONS' && asked !== '';
    if (valid) {
      this.answers = { policy, origin };
      return isPreflight ? this.answer(preflightHeaders(policy, headers, asked)) : CONTINUE;
    }
    return isPreflight && policy.fields.forwardNotMatchingPreflights === false ? this.answer([]) : CONTINUE;
  }

  /** Also of the answers to preflights, which pass here as any other response does. */
  onResponseHeaders(headers: ResponseHeaderMap): HeadersStatus {
    if (this.answers === undefined) return CONTINUE;
    const { policy, origin } = this.answers;
    const { allowCredentials, exposeHeaders } = policy.fields;
    headers.set('access-control-allow-origin', origin);
    if (allowCredentials === true) headers.set('access-control-allow-credentials', 'true');
    if (exposeHeaders !== undefined) headers.set('access-control-expose-headers', exposeHeaders);
    return CONTINUE;
  }

  /** Answers that the proxy makes itself, redirects among them, are nobody's resource. As in Envoy. */
  private policy(): CorsPolicy | undefined {
    if (this.stream.route?.action.kind !== 'forward') return undefined;
    const config = this.stream.perRouteConfig(this.cors.name);
    return config instanceof CorsPolicy ? config : undefined;
  }

  private isDrawn({ key, fraction }: Share): boolean {
    return this.stream.flags.enabled(key, fraction, this.stream.runtime.random.below(DRAWS));
  }

  private answer(headers: readonly string[]): HeadersStatus {
    this.stream.reply({ status: OK, body: '', details: 'cors_response', headers });
    return STOP;
  }
}

/** `*` in a policy is whatever the page asks for: with credentials browsers take no wildcard. */
function preflightHeaders({ fields }: CorsPolicy, headers: RequestHeaderMap, method: string): string[] {
  const { allowMethods, allowHeaders, maxAge, allowPrivateNetwork } = fields;
  const raw: string[] = [];
  if (allowMethods !== undefined)
    raw.push('access-control-allow-methods', allowMethods === '*' ? method : allowMethods);
  if (allowHeaders !== undefined) {
    const asked = headers.get('access-control-request-headers') ?? '';
    raw.push('access-control-allow-headers', allowHeaders === '*' ? asked : allowHeaders);
  }
  if (maxAge !== undefined) raw.push('access-control-max-age', maxAge);
  if (allowPrivateNetwork === true && headers.get('access-control-request-private-network') === 'true')
    raw.push('access-control-allow-private-network', 'true');
  return raw;
}
