import { nearest } from '@weft/core-config-text';
import { meant, type Analysis } from '../analysis.ts';

/** Annotations of Istio's names that are known, by the kinds that they do something for. */
const KNOWN: Readonly<Record<string, readonly string[]>> = {
  'sidecar.istio.io/inject': ['Pod', 'Deployment', 'WorkloadGroup'],
  'sidecar.istio.io/proxyCPU': ['Pod'],
  'sidecar.istio.io/proxyMemory': ['Pod'],
  'sidecar.istio.io/logLevel': ['Pod'],
  'sidecar.istio.io/statsInclusionPrefixes': ['Pod'],
  'traffic.sidecar.istio.io/includeInboundPorts': ['Pod'],
  'traffic.sidecar.istio.io/excludeInboundPorts': ['Pod'],
  'traffic.sidecar.istio.io/includeOutboundPorts': ['Pod'],
  'traffic.sidecar.istio.io/excludeOutboundPorts': ['Pod'],
  'traffic.sidecar.istio.io/includeOutboundIPRanges': ['Pod'],
  'traffic.sidecar.istio.io/excludeOutboundIPRanges': ['Pod'],
  'traffic.sidecar.istio.io/excludeInterfaces': ['Pod'],
  'proxy.istio.io/config': ['Pod'],
  'proxy.istio.io/overrides': ['Pod'],
  'networking.istio.io/exportTo': ['Service'],
  'networking.istio.io/traffic-distribution': ['Service', 'ServiceEntry', 'Namespace'],
  'networking.istio.io/service-type': ['Gateway'],
  'traffic.istio.io/nodeSelector': ['Service'],
  'istio.io/dry-run': ['AuthorizationPolicy'],
  'internal.istio.io/parents': ['VirtualService'],
  'galley.istio.io/analyze-suppress': [],
};
const OWN = /(^|\.)istio\.io\//;
const PORTS = /^(\*|\d+(,\d+)*)?$/;

export function checkAnnotations(analysis: Analysis): void {
  for (const object of analysis.all()) {
    for (const [name, value] of Object.entries(object.annotations)) {
      if (!OWN.test(name)) continue;
      const spot = { object, path: `metadata.annotations[${JSON.stringify(name)}]` };
      const kinds = KNOWN[name];
      if (kinds === undefined)
        analysis.report(
          'IST0108',
          spot,
          `Unknown annotation: ${name}. Nothing reads it.`,
          meant(nearest(name, Object.keys(KNOWN)), 'delete it'),
        );
      else if (kinds.length > 0 && !kinds.includes(object.ref.kind))
        analysis.report(
          'IST0107',
          spot,
          `Misplaced annotation: ${name} can only be applied to ${kinds.join(' or ')}.`,
          `move it to the ${kinds[0] ?? ''}`,
        );
      else if (/\.istio\.io\/(include|exclude)\w+Ports$/.test(name) && !PORTS.test(value))
        analysis.report(
          'IST0125',
          spot,
          `Invalid annotation ${name}: "${value}" is no list of ports.`,
          'use port numbers joined by commas',
        );
      else if (
        (name === 'istio.io/dry-run' || name === 'sidecar.istio.io/inject') &&
        value !== 'true' &&
        value !== 'false'
      )
        analysis.report(
          'IST0125',
          spot,
          `Invalid annotation ${name}: "${value}" is neither "true" nor "false".`,
          'use "true" or "false"',
        );
    }
  }
  for (const object of analysis.of('Namespace'))
    if (object.labels['istio-injection'] !== undefined && object.labels['istio.io/rev'] !== undefined)
      analysis.report(
        'IST0123',
        { object, path: 'metadata.labels["istio.io/rev"]' },
        'The namespace has both istio-injection and istio.io/rev: the first one is obeyed.',
        'keep one of the two labels',
      );
}
