import type { JsonObject } from '@bufbuild/protobuf';

/** Who asks. Source: envoy.config.core.v3.Node; `extensions` is not sent. */
export interface NodeIdentity {
  readonly id: string;
  readonly cluster: string;
  readonly locality: { readonly region: string; readonly zone: string; readonly subZone: string } | undefined;
  readonly metadata: JsonObject | undefined;
  /** Default `weft`. */
  readonly userAgentName?: string;
  /** `1.2.3`: `user_agent_build_version.version`; anything else goes to `user_agent_version`. */
  readonly version: string;
  /** What this client can beyond what every client can. Default: CLIENT_FEATURES. */
  readonly clientFeatures?: readonly string[];
  /** Context parameters for xdstp names, by type URL. Source: Node.dynamic_parameters. */
  readonly dynamicParameters?: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

/** Resources may come in a Resource of their own in the state of the world, with a version, a TTL and so on. */
export const CLIENT_FEATURES: readonly string[] = ['xds.config.resource-in-sotw'];

/** The fields of the message, as `create` takes them. */
export function nodeFields(node: NodeIdentity): object {
  const { id, cluster, locality, metadata, userAgentName = 'weft', version, clientFeatures = CLIENT_FEATURES } = node;
  const [major, minor, patch] = /^(\d+)\.(\d+)\.(\d+)/.exec(version)?.slice(1).map(Number) ?? [];
  const parameters = Object.entries(node.dynamicParameters ?? {});
  return {
    id,
    cluster,
    ...(locality === undefined ? {} : { locality }),
    ...(metadata === undefined ? {} : { metadata }),
    userAgentName,
    userAgentVersionType:
      major === undefined
        ? { case: 'userAgentVersion', value: version }
        : {
            case: 'userAgentBuildVersion',
            value: {
              version: { majorNumber: major, minorNumber: minor, patch },
              metadata: { 'revision.status': version },
            },
          },
    clientFeatures: [...clientFeatures],
    dynamicParameters: Object.fromEntries(parameters.map(([url, params]) => [url, { params }])),
  };
}
