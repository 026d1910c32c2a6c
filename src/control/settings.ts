/** A worker's settings as `inspect conf` and `report` show them: by Celery's names where it has them, without secrets. */
import type { Fields } from '../protocol/fields.ts';
import { hidePassword, MASK } from '../protocol/hidden-password.ts';
import { pythonRepr } from '../protocol/repr.ts';

/** Celery's names of our settings; the others are named `omega_…`. */
const CELERY_NAMES: ReadonlyMap<string, string> = new Map([
  ['broker', 'broker_url'],
  ['resultBackend', 'result_backend'],
  ['brokerRead', 'broker_read_url'],
  ['brokerWrite', 'broker_write_url'],
  ['brokerHeartbeat', 'broker_heartbeat'],
  ['brokerConnectionTimeout', 'broker_connection_timeout'],
  ['controlExchange', 'control_exchange'],
  ['eventExchange', 'event_exchange'],
  ['eventQueuePrefix', 'event_queue_prefix'],
  ['taskQueues', 'task_queues'],
  ['taskRoutes', 'task_routes'],
  ['createMissingQueues', 'task_create_missing_queues'],
  ['workerDirect', 'worker_direct'],
  ['defaultQueue', 'task_default_queue'],
  ['defaultPriority', 'task_default_priority'],
  ['deliveryMode', 'task_default_delivery_mode'],
  ['concurrency', 'worker_concurrency'],
  ['timeLimit', 'task_time_limit'],
  ['softTimeLimit', 'task_soft_time_limit'],
  ['acceptContent', 'accept_content'],
  ['taskSerializer', 'task_serializer'],
  ['securityKey', 'security_key'],
  ['securityKeyPassword', 'security_key_password'],
  ['securityCertificate', 'security_certificate'],
  ['securityCertStore', 'security_cert_store'],
  ['securityDigest', 'security_digest'],
  ['taskEvents', 'worker_send_task_events'],
  ['sentEvents', 'task_send_sent_event'],
  ['trackStarted', 'task_track_started'],
  ['resultExtended', 'result_extended'],
  ['resultExpires', 'result_expires'],
  ['resultSerializer', 'result_serializer'],
  ['resultAcceptContent', 'result_accept_content'],
  ['resultPersistent', 'result_persistent'],
  ['queueType', 'task_default_queue_type'],
  ['queueMaxPriority', 'task_queue_max_priority'],
  ['inheritParentPriority', 'task_inherit_parent_priority'],
  ['taskAnnotations', 'task_annotations'],
  ['softShutdownTimeout', 'worker_soft_shutdown_timeout'],
  ['disableRateLimits', 'worker_disable_rate_limits'],
  ['maxTasksPerExecutor', 'worker_max_tasks_per_child'],
  ['maxMemoryPerExecutor', 'worker_max_memory_per_child'],
]);

/** As Celery hides what has KEY or PASS in its name. */
const SECRETS: ReadonlySet<string> = new Set(['securityKey', 'securityKeyPassword', 'brokerKeyPassword']);

/**
 * @param settings by our names.
 * @param defaults what they are when nobody sets them: those are left out; null to leave nothing out.
 */
export function describeSettings(settings: Fields, defaults: Fields | null): Fields {
  const shown = Object.entries(settings).filter(
    ([name, value]) => defaults === null || JSON.stringify(value) !== JSON.stringify(defaults[name]),
  );
  return Object.fromEntries(shown.map(([name, value]) => [celeryName(name), masked(name, value)]));
}

/** The text of `celery report`, for this package. */
export function describeWorker(version: string, settings: Fields): string {
  const lines = Object.entries(settings).map(([name, value]) => `${name}: ${pythonRepr(value)}`);
  return [
    '',
    `software -> omegaml-node:${version} node:${process.versions.node}`,
    `platform -> system:${process.platform} arch:${process.arch}`,
    '',
    ...lines,
    '',
  ].join('\n');
}

function celeryName(name: string): string {
  return CELERY_NAMES.get(name) ?? `omega_${name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)}`;
}

function masked(name: string, value: unknown): unknown {
  if (SECRETS.has(name) && value !== undefined) return MASK;
  return typeof value === 'string' && value.includes('://') ? hidePassword(value, MASK) : (value ?? null);
}
