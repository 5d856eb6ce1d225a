import { ResponseFlag } from '@weft/core-http';
import {
  STOP,
  type DecodedFilter,
  type FilterDiscovery,
  type FilterFactoryContext,
  type FilterStream,
  type HeadersStatus,
  type HttpFilter,
  type HttpFilterFactory,
} from '@weft/proxy-filter-api';

/** In the place of a filter that ECDS brings: each stream gets what is in force when it begins. */
export function discoveredFilter(terminal: boolean): HttpFilterFactory<FilterDiscovery> {
  return {
    typeName: 'envoy.config.core.v3.ExtensionConfigSource',
    terminal,
    decode: () => undefined,
    prepare(config, context) {
      const provider = context.discoverFilter?.(config);
      let made: { of: DecodedFilter; create: (stream: FilterStream) => HttpFilter } | undefined;
      return (stream) => {
        const current = provider?.current;
        if (current === undefined) return new MissingFilter(stream, context);
        if (made?.of !== current) made = { of: current, create: current.factory.prepare(current.config, context) };
        return made.create(stream);
      };
    },
  };
}

/** Its configuration has not come: to let requests by would leave out what may guard them. */
class MissingFilter implements HttpFilter {
  private readonly stream: FilterStream;
  private readonly context: FilterFactoryContext;

  constructor(stream: FilterStream, context: FilterFactoryContext) {
    this.stream = stream;
    this.context = context;
  }

  onRequestHeaders(): HeadersStatus {
    this.context.filterMissing?.();
    this.stream.reply({
      status: 500,
      body: 'A filter of this listener has no configuration yet: ECDS has not brought it.\n',
      details: 'filter_config_not_found',
      flags: ResponseFlag.NoFilterConfigFound,
    });
    return STOP;
  }
}
