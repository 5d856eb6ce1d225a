import type { SocketAddress } from '@weft/core-http';
import { maskIp } from '@weft/model-match';
import { plain, type LoggedStream, type Operator } from './operator.ts';

type AddressOf = (stream: LoggedStream) => SocketAddress | undefined;

/** `…_WITHOUT_PORT(16)`: the network of so many bits that the address is in. */
function withoutPort(address: AddressOf): Operator {
  return {
    argument: 'optional',
    cut: false,
    create(argument) {
      if (argument === '') return (stream) => address(stream)?.ip;
      const bits = /^\d+$/.test(argument) ? Number(argument) : NaN;
      return (stream) => {
        const ip = address(stream)?.ip;
        return ip === undefined ? undefined : maskIp(ip, bits);
      };
    },
  };
}

/** The same of an address: whole, without its port, its port alone, and the id of an endpoint within the process. */
function addressOperators(name: string, portName: string, address: AddressOf): Readonly<Record<string, Operator>> {
  return {
    [name]: plain((stream) => address(stream)?.text),
    [`${name}_WITHOUT_PORT`]: withoutPort(address),
    [portName]: plain((stream) => address(stream)?.port || undefined),
  };
}

/** What stands behind the name in `envoy://name/id`; nothing for addresses of the network. */
function endpointId(address: AddressOf): Operator {
  return plain((stream) => {
    const found = address(stream);
    return found && (/^envoy:\/\/[^/]*\/(.*)$/.exec(found.text)?.[1] ?? '');
  });
}

const upstreamRemote: AddressOf = ({ info }) =>
  info.upstreamLocalAddress === undefined ? undefined : info.upstreamHost;
const downstreamLocal: AddressOf = ({ info }) => info.downstream.localAddress;
const directLocal: AddressOf = ({ info }) => info.downstream.directLocalAddress ?? info.downstream.localAddress;

/** Who spoke to whom, from where to where. */
export const addressOperatorTable: Readonly<Record<string, Operator>> = {
  ...addressOperators('UPSTREAM_REMOTE_ADDRESS', 'UPSTREAM_REMOTE_PORT', upstreamRemote),
  UPSTREAM_REMOTE_ADDRESS_ENDPOINT_ID: endpointId(upstreamRemote),
  ...addressOperators('UPSTREAM_LOCAL_ADDRESS', 'UPSTREAM_LOCAL_PORT', ({ info }) => info.upstreamLocalAddress),
  ...addressOperators('DOWNSTREAM_REMOTE_ADDRESS', 'DOWNSTREAM_REMOTE_PORT', ({ info }) => info.remoteAddress),
  ...addressOperators(
    'DOWNSTREAM_DIRECT_REMOTE_ADDRESS',
    'DOWNSTREAM_DIRECT_REMOTE_PORT',
    ({ info }) => info.downstream.directRemoteAddress,
  ),
  ...addressOperators('DOWNSTREAM_LOCAL_ADDRESS', 'DOWNSTREAM_LOCAL_PORT', downstreamLocal),
  DOWNSTREAM_LOCAL_ADDRESS_ENDPOINT_ID: endpointId(downstreamLocal),
  ...addressOperators('DOWNSTREAM_DIRECT_LOCAL_ADDRESS', 'DOWNSTREAM_DIRECT_LOCAL_PORT', directLocal),
  DOWNSTREAM_DIRECT_LOCAL_ADDRESS_ENDPOINT_ID: endpointId(directLocal),
};
