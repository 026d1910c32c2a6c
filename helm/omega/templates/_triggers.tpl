{{/*
The name of a trigger's queues, as a regular expression. With `parked`, also the queues with the copies of long tasks:
such a task is acknowledged while it runs, and only its copy is left to count. Takes {queues, parked}.
*/}}
{{- define "omega.queuePattern" -}}
{{- $names := list -}}
{{- range .queues }}{{ $names = append $names (regexQuoteMeta .) }}{{ end -}}
{{- printf "^(%s)%s$" (join "|" $names) (.parked | ternary `(\.omega\.parked)?` "") -}}
{{- end -}}

{{/*
Messages of queues. Over HTTP: AMQP tells of those only that are not delivered, so that a pool whose last tasks run would
go to 0. With a regular expression no queue at all is 0 and no error. Takes {scope, name, queues, readyOnly}.
*/}}
{{- define "omega.queueTrigger" -}}
{{- $root := .scope.root -}}
- type: rabbitmq
  name: {{ .name }}
  metricType: AverageValue
  metadata:
    protocol: http
    mode: QueueLength
    queueName: {{ .queues | squote }}
    useRegex: "true"
    operation: sum
    pageSize: {{ int $root.Values.keda.pageSize | quote }}
    excludeUnacknowledged: {{ .readyOnly | quote }}
    vhostName: {{ .scope.pool.vhost | quote }}
    value: {{ int .scope.pool.concurrency | quote }}
    activationValue: "0"
  authenticationRef: { name: {{ include "omega.fullname" $root }}-management }
{{- end -}}

{{/* Mean seconds of a task; a guess until some have run, since NaN > 0 is empty. */}}
{{- define "omega.runtimeTrigger" -}}
{{- $labels := printf "namespace=%q,pool=%q" .root.Release.Namespace .pool.name -}}
{{- with .pool.tenant }}{{ $labels = printf "%s,tenant=%q" $labels . }}{{ end -}}
{{- $rate := "sum(rate(omega_task_duration_seconds_%s{%s}[30m]))" -}}
- type: prometheus
  name: runtime
  metricType: AverageValue
  metadata:
    serverAddress: {{ .root.Values.keda.prometheusUrl | quote }}
    query: {{ printf "(%s / %s > 0) or vector(%d)" (printf $rate "sum" $labels) (printf $rate "count" $labels) (int .pool.autoscaling.keda.expectedRuntime) | squote }}
    threshold: "1"
{{- end -}}
