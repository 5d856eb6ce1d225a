import { addressJson, addressText } from './address.ts';
import type {
  AdminReply,
  AdminRuntime,
  CertificateDetails,
  CertificateStatus,
  Json,
  ListenerStatus,
  MemoryUsage,
  ServerInfo,
  UnreadyTargets,
} from './admin-source.ts';
import { textReply } from './endpoint.ts';

/** envoy.admin.v3.ServerInfo. */
export function serverInfoJson(info: ServerInfo): Json {
  return {
    version: info.version,
    state: info.state,
    uptime_current_epoch: seconds(info.uptimeCurrentEpochMs),
    uptime_all_epochs: seconds(info.uptimeAllEpochsMs),
    hot_restart_version: info.hotRestartVersion,
    command_line_options: info.commandLineOptions,
    node: info.node,
  };
}

/** 200 only when live, so that load balancers and Kubernetes can ask. */
export function ready({ state }: ServerInfo): AdminReply {
  return textReply(`${state}\n`, state === 'LIVE' ? 200 : 503);
}

export function listenersText(listeners: readonly ListenerStatus[]): string {
  return listeners
    .flatMap(({ name, address, additionalAddresses = [] }) =>
      [address, ...additionalAddresses].map((one) => `${name}::${addressText(one)}\n`),
    )
    .join('');
}

/** envoy.admin.v3.Listeners. */
export function listenersJson(listeners: readonly ListenerStatus[]): Json {
  return {
    listener_statuses: listeners.map(({ name, address, additionalAddresses = [] }) => ({
      name,
      local_address: addressJson(address),
      ...(additionalAddresses.length > 0 ? { additional_local_addresses: additionalAddresses.map(addressJson) } : {}),
    })),
  };
}

/** envoy.admin.v3.Certificates. */
export function certificatesJson(certificates: readonly CertificateStatus[]): Json {
  return {
    certificates: certificates.map((one) => ({
      ca_cert: one.caCertificates.map(certificateJson),
      cert_chain: one.certificateChain.map(certificateJson),
    })),
  };
}

function certificateJson(details: CertificateDetails): Json {
  return {
    path: details.path,
    serial_number: details.serialNumber,
    subject_alt_names: details.subjectAltNames.map(({ kind, value }) => ({ [kind]: value })),
    days_until_expiration: String(details.daysUntilExpiration),
    valid_from: details.validFrom,
    expiration_time: details.expirationTime,
  };
}

/** envoy.admin.v3.UnreadyTargetsDumps; `mask` names one kind of component. */
export function unreadyTargetsJson(targets: readonly UnreadyTargets[], mask: string): Json {
  const wanted = mask === '' ? targets : targets.filter(({ component }) => component === mask);
  if (wanted.length === 0) return {};
  return {
    unready_targets_dumps: wanted.map(({ name, targetNames }) => ({
      name,
      ...(targetNames.length === 0 ? {} : { target_names: targetNames }),
    })),
  };
}

/** envoy.admin.v3.Memory; what V8 does not have is 0. */
export function memoryJson(memory: MemoryUsage): Json {
  return {
    allocated: String(memory.allocated),
    heap_size: String(memory.heapSize),
    pageheap_unmapped: '0',
    pageheap_free: String(Math.max(0, memory.heapSize - memory.allocated)),
    total_thread_cache: '0',
    total_physical_bytes: String(memory.totalPhysical),
  };
}

export function runtimeJson(runtime: AdminRuntime): Json {
  return {
    layers: runtime.layers,
    entries: Object.fromEntries(
      runtime
        .entries()
        .map(({ key, finalValue, layerValues }) => [key, { final_value: finalValue, layer_values: layerValues }]),
    ),
  };
}

function seconds(ms: number): string {
  return `${Math.floor(ms / 1000)}s`;
}
