/** The router's configuration. Source: envoy.extensions.filters.http.router.v3.Router. */
export interface RouterConfig {
  /** Counts responses by code, and times them. Default true. */
  readonly dynamicStats: boolean;
  /** Leaves out the `x-envoy-` headers that the router would add to requests and responses. */
  readonly suppressEnvoyHeaders: boolean;
  /** The timeout is what the proxy before this one will wait for (`x-envoy-expected-rq-timeout-ms`), where it says so. */
  readonly respectExpectedRqTimeout: boolean;
  /** Headers whose malformed values are answered with 400. */
  readonly strictCheckHeaders: readonly string[];
}
