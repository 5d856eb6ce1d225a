/**
 * The names of Envoy's loggers: `--component-log-level` and POST /logging take any of them. Those that nothing logs to are
 * there so that scripts made for Envoy are not refused.
 */
export const COMPONENTS: readonly string[] = (
  'admin alternate_protocols_cache assert aws backtrace basic_auth cache_filter client compression config conn_handler ' +
  'connection credential_injector decompression dns dubbo dynamic_modules envoy_bug ext_authz ext_proc file filter ' +
  'forward_proxy geolocation golang grpc happy_eyeballs hc health_checker http http2 hystrix init io ip_tagging json_rpc ' +
  'jwt kafka key_value_store local_rate_limit lua main matcher mcp misc mongo multi_connection notification oauth2 pool ' +
  'quic quic_stream rate_limit_quota rbac rds redis rocketmq router runtime secret sse stats stats_sinks tap testing thrift ' +
  'tracing udp upstream wasm websocket'
).split(' ');
