// Made by tools/generate-types.mjs from schemas/istio.json: Istio's VirtualService. Do not edit.

export interface VirtualServiceSpec {
  readonly exportTo?: readonly string[];
  readonly gateways?: readonly string[];
  readonly hosts?: readonly string[];
  readonly http?: readonly VirtualServiceHttp[];
  readonly tcp?: readonly VirtualServiceTcp[];
  readonly tls?: readonly VirtualServiceTls[];
}

export interface VirtualServiceHttp {
  readonly corsPolicy?: VirtualServiceHttpCorsPolicy;
  readonly delegate?: VirtualServiceHttpDelegate;
  readonly directResponse?: VirtualServiceHttpDirectResponse;
  readonly fault?: VirtualServiceHttpFault;
  readonly headers?: VirtualServiceHttpHeaders;
  readonly match?: readonly VirtualServiceHttpMatch[];
  readonly mirror?: VirtualServiceDestination;
  readonly mirror_percent?: number;
  readonly mirrorPercent?: number;
  readonly mirrorPercentage?: VirtualServicePercent;
  readonly mirrors?: readonly VirtualServiceHttpMirrorPolicy[];
  readonly name?: string;
  readonly redirect?: VirtualServiceHttpRedirect;
  readonly retries?: VirtualServiceHttpRetries;
  readonly rewrite?: VirtualServiceHttpRewrite;
  readonly route?: readonly VirtualServiceHttpRoute[];
  readonly timeout?: string;
}

export interface VirtualServiceTcp {
  readonly match?: readonly VirtualServiceTcpMatch[];
  readonly route?: readonly VirtualServiceTcpRoute[];
}

export interface VirtualServiceTls {
  readonly match: readonly VirtualServiceTlsMatch[];
  readonly route?: readonly VirtualServiceTcpRoute[];
}

export interface VirtualServiceHttpCorsPolicy {
  readonly allowCredentials?: boolean;
  readonly allowHeaders?: readonly string[];
  readonly allowMethods?: readonly string[];
  readonly allowOrigin?: readonly string[];
  readonly allowOrigins?: readonly VirtualServiceStringMatch[];
  readonly exposeHeaders?: readonly string[];
  readonly maxAge?: string;
  readonly unmatchedPreflights?: 'UNSPECIFIED' | 'FORWARD' | 'IGNORE';
}

export interface VirtualServiceHttpDelegate {
  readonly name?: string;
  readonly namespace?: string;
}

export interface VirtualServiceHttpDirectResponse {
  readonly body?: VirtualServiceHttpDirectResponseBody;
  readonly status: number;
}

export interface VirtualServiceHttpFault {
  readonly abort?: VirtualServiceHttpFaultAbort;
  readonly delay?: VirtualServiceHttpFaultDelay;
}

export interface VirtualServiceHttpHeaders {
  readonly request?: VirtualServiceHeaderOperations;
  readonly response?: VirtualServiceHeaderOperations;
}

export interface VirtualServiceHttpMatch {
  readonly authority?: VirtualServiceStringMatch;
  readonly gateways?: readonly string[];
  readonly headers?: Readonly<Record<string, VirtualServiceStringMatch>>;
  readonly ignoreUriCase?: boolean;
  readonly method?: VirtualServiceStringMatch;
  readonly name?: string;
  readonly port?: number;
  readonly queryParams?: Readonly<Record<string, VirtualServiceStringMatch>>;
  readonly scheme?: VirtualServiceStringMatch;
  readonly sourceLabels?: Readonly<Record<string, string>>;
  readonly sourceNamespace?: string;
  readonly statPrefix?: string;
  readonly uri?: VirtualServiceStringMatch;
  readonly withoutHeaders?: Readonly<Record<string, VirtualServiceStringMatch>>;
}

export interface VirtualServiceDestination {
  readonly host: string;
  readonly port?: VirtualServicePortSelector;
  readonly subset?: string;
}

export interface VirtualServicePercent {
  readonly value?: number;
}

export interface VirtualServiceHttpMirrorPolicy {
  readonly destination: VirtualServiceDestination;
  readonly percentage?: VirtualServicePercent;
}

export interface VirtualServiceHttpRedirect {
  readonly authority?: string;
  readonly derivePort?: 'FROM_PROTOCOL_DEFAULT' | 'FROM_REQUEST_PORT';
  readonly port?: number;
  readonly prefixRewrite?: string;
  readonly redirectCode?: number;
  readonly scheme?: string;
  readonly uri?: string;
}

export interface VirtualServiceHttpRetries {
  readonly attempts?: number;
  readonly backoff?: string;
  readonly perTryTimeout?: string;
  readonly retryIgnorePreviousHosts?: boolean;
  readonly retryOn?: string;
  readonly retryRemoteLocalities?: boolean;
}

export interface VirtualServiceHttpRewrite {
  readonly authority?: string;
  readonly uri?: string;
  readonly uriRegexRewrite?: VirtualServiceRegexRewrite;
}

export interface VirtualServiceHttpRoute {
  readonly destination: VirtualServiceDestination;
  readonly headers?: VirtualServiceHttpHeaders;
  readonly weight?: number;
}

export interface VirtualServiceTcpMatch {
  readonly destinationSubnets?: readonly string[];
  readonly gateways?: readonly string[];
  readonly port?: number;
  readonly sourceLabels?: Readonly<Record<string, string>>;
  readonly sourceNamespace?: string;
  readonly sourceSubnet?: string;
}

export interface VirtualServiceTcpRoute {
  readonly destination: VirtualServiceDestination;
  readonly weight?: number;
}

export interface VirtualServiceTlsMatch {
  readonly destinationSubnets?: readonly string[];
  readonly gateways?: readonly string[];
  readonly port?: number;
  readonly sniHosts: readonly string[];
  readonly sourceLabels?: Readonly<Record<string, string>>;
  readonly sourceNamespace?: string;
}

export interface VirtualServiceStringMatch {
  readonly exact?: string;
  readonly prefix?: string;
  readonly regex?: string;
}

export interface VirtualServiceHttpDirectResponseBody {
  readonly bytes?: string;
  readonly string?: string;
}

export interface VirtualServiceHttpFaultAbort {
  readonly grpcStatus?: string;
  readonly http2Error?: string;
  readonly httpStatus?: number;
  readonly percentage?: VirtualServicePercent;
}

export interface VirtualServiceHttpFaultDelay {
  readonly exponentialDelay?: string;
  readonly fixedDelay?: string;
  readonly percent?: number;
  readonly percentage?: VirtualServicePercent;
}

export interface VirtualServiceHeaderOperations {
  readonly add?: Readonly<Record<string, string>>;
  readonly remove?: readonly string[];
  readonly set?: Readonly<Record<string, string>>;
}

export interface VirtualServicePortSelector {
  readonly number?: number;
}

export interface VirtualServiceRegexRewrite {
  readonly match?: string;
  readonly rewrite?: string;
}
