/** Metrics that others than the workers export, as far as the rules and dashboards may use them. */

/** RabbitMQ's /metrics/detailed with the families queue_coarse_metrics and queue_consumer_count. */
export const RABBITMQ_METRICS: readonly string[] = [
  'rabbitmq_detailed_queue_consumers',
  'rabbitmq_detailed_queue_messages',
  'rabbitmq_detailed_queue_messages_ready',
  'rabbitmq_detailed_queue_messages_unacked',
];

/** Of the kubelet, kube-state-metrics and KEDA. */
export const CLUSTER_METRICS: readonly string[] = [
  'container_cpu_cfs_periods_total',
  'container_cpu_cfs_throttled_periods_total',
  'container_memory_working_set_bytes',
  'keda_scaler_detail_errors_total',
  'kube_horizontalpodautoscaler_spec_max_replicas',
  'kube_horizontalpodautoscaler_status_current_replicas',
  'kube_horizontalpodautoscaler_status_desired_replicas',
  'kube_pod_container_resource_limits',
];

/** Prometheus' own. */
export const PROMETHEUS_METRICS: readonly string[] = ['up', 'ALERTS'];

/** Names of the series that a text of Prometheus' format declares: of a histogram those of its parts. */
export function seriesNames(text: string): string[] {
  const declared = [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)];
  return declared.flatMap(([, name = '', type]) =>
    type === 'histogram' ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name],
  );
}
