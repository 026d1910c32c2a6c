{{/* Names and labels. */}}
{{- define "omega.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 40 | trimSuffix "-" -}}
{{- end -}}

{{- define "omega.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" -}}
{{- else if contains (include "omega.name" .) .Release.Name -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name (include "omega.name" .) | trunc 40 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "omega.selector" -}}
app.kubernetes.io/name: {{ include "omega.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "omega.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{ include "omega.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* Of a pool. Takes {root, name, pool}, as all below that are of a pool. */}}
{{- define "omega.poolName" -}}
{{- printf "%s-%s" (include "omega.fullname" .root) .name -}}
{{- end -}}

{{- define "omega.poolSelector" -}}
{{ include "omega.selector" .root }}
{{ include "omega.poolIdentity" .pool }}
{{- end -}}

{{- define "omega.poolLabels" -}}
{{ include "omega.labels" .root }}
{{ include "omega.poolIdentity" .pool }}
{{- end -}}

{{/* Takes a pool. */}}
{{- define "omega.poolIdentity" -}}
app.kubernetes.io/component: worker
omega.dev/pool: {{ .name }}
{{- with .tenant }}
omega.dev/tenant: {{ . }}
{{- end }}
{{- end -}}

{{/*
The pools that are enabled, as YAML, by what their objects are called: with tenants, once for each tenant that has them.
What a pool sets replaces what all pools have, deep in maps; lists are replaced as a whole. Beside the values there are
the pool's name, tenant, grace, secrets and vhost.
*/}}
{{- define "omega.pools" -}}
{{- $pools := dict -}}
{{- range $name, $own := .Values.pools -}}
{{- $pool := mergeOverwrite (deepCopy $.Values.defaults) (deepCopy (default dict $own)) -}}
{{- if $pool.enabled -}}
{{- $_ := set $pool "grace" (int (default (add (int $pool.taskTimeLimit) 60) $pool.terminationGracePeriodSeconds)) -}}
{{- range $tenant, $values := default (dict "" (dict "vhost" $.Values.keda.vhost)) $.Values.tenants -}}
{{- if has $name (default (list $name) $values.pools) -}}
{{- $object := empty $tenant | ternary $name (printf "%s-%s" $name $tenant) -}}
{{- if hasKey $pools $object -}}
{{- fail (printf "two pairs of a pool and a tenant are called %s: rename one of them" $object) -}}
{{- end -}}
{{- $secrets := mergeOverwrite (deepCopy $.Values.secrets) (deepCopy (default dict $values.secrets)) -}}
{{- $identity := dict "name" $name "tenant" $tenant "vhost" $values.vhost "secrets" $secrets -}}
{{- $_ := set $pools $object (merge $identity $pool) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- toYaml $pools -}}
{{- end -}}

{{/* Takes {root, pool}. */}}
{{- define "omega.image" -}}
{{- $image := mergeOverwrite (deepCopy .root.Values.image) (default dict .pool.image) -}}
{{- if $image.digest -}}
{{- printf "%s@%s" $image.repository $image.digest -}}
{{- else -}}
{{- printf "%s:%s" $image.repository (default .root.Chart.AppVersion $image.tag) -}}
{{- end -}}
{{- end -}}

{{- define "omega.pullPolicy" -}}
{{- (mergeOverwrite (deepCopy .root.Values.image) (default dict .pool.image)).pullPolicy -}}
{{- end -}}

{{/* What makes the tenant a label of the target, as a list; nothing without tenants. */}}
{{- define "omega.tenantRelabelling" -}}
{{- if .Values.tenants -}}
- { action: replace, sourceLabels: [__meta_kubernetes_pod_label_omega_dev_tenant], targetLabel: tenant }
{{- end -}}
{{- end -}}

{{- define "omega.serviceAccount" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "omega.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{/* Not empty where a pool has its idle workers ended first. */}}
{{- define "omega.idleFirst" -}}
{{- range $name, $pool := include "omega.pools" . | fromYaml -}}
{{- if $pool.autoscaling.idleFirst }}{{ $name }} {{ end -}}
{{- end -}}
{{- end -}}

{{/* Not empty where a pool stores its results in a server of their own. */}}
{{- define "omega.resultBackend" -}}
{{- range $name, $pool := include "omega.pools" . | fromYaml -}}
{{- if $pool.secrets.resultBackendKey }}{{ $name }} {{ end -}}
{{- end -}}
{{- end -}}

{{/* A quantity of memory in KiB, such as 2Gi, 512Mi or 1G. */}}
{{- define "omega.kibibytes" -}}
{{- $text := toString . -}}
{{- $number := regexFind "^[0-9.]+" $text | float64 -}}
{{- $unit := regexFind "[A-Za-z]*$" $text -}}
{{- $bytes := get (dict "" 1.0 "k" 1e3 "M" 1e6 "G" 1e9 "T" 1e12 "Ki" 1024.0 "Mi" 1048576.0 "Gi" 1073741824.0 "Ti" 1099511627776.0) $unit -}}
{{- if not $bytes -}}{{- fail (printf "memory limit %q is none: write it as 2Gi or 512Mi" $text) -}}{{- end -}}
{{- divf (mulf $number $bytes) 1024 | floor | int64 -}}
{{- end -}}

{{/* KiB that a task of this pool may take; nothing where the pool has no memory limit. 100 MiB are the supervisor's at least. */}}
{{- define "omega.executorKibibytes" -}}
{{- with dig "limits" "memory" "" .resources -}}
{{- $total := include "omega.kibibytes" . | float64 -}}
{{- divf (minf (mulf $total $.executorMemoryRatio) (subf $total 102400)) $.concurrency | floor | int64 -}}
{{- end -}}
{{- end -}}

{{/* Files with the secrets, as the settings name them. */}}
{{- define "omega.secretEnv" -}}
{{- $secrets := .pool.secrets -}}
{{- $keys := dict "OMEGA_BROKER" $secrets.brokerKey "OMEGA_MONGO_URL" $secrets.mongoKey -}}
{{- with $secrets.resultBackendKey }}{{ $_ := set $keys "OMEGA_RESULT_BACKEND" . }}{{ end -}}
{{- range $variable, $key := merge $keys $secrets.extra }}
- name: {{ $variable }}_FILE
  value: {{ printf "/etc/omega/secrets/%s" $key | quote }}
{{- end }}
{{- with .root.Values.tls.broker }}
{{- if .existingSecret }}
{{- range $variable, $key := dict "OMEGA_BROKER_CA" .caKey "OMEGA_BROKER_CERT" .certKey "OMEGA_BROKER_KEY" .keyKey }}
{{- if $key }}
- name: {{ $variable }}
  value: {{ printf "/etc/omega/tls/broker/%s" $key | quote }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- end -}}

{{/* The volume with the secrets of a pool: each tenant has its own. */}}
{{- define "omega.secretsVolume" -}}
{{- empty .tenant | ternary "secrets" (printf "secrets-%s" .tenant) -}}
{{- end -}}

{{- define "omega.secretMounts" -}}
- name: {{ include "omega.secretsVolume" .pool }}
  mountPath: /etc/omega/secrets
  readOnly: true
{{- range $server := list "broker" "mongo" }}
{{- if (get $.root.Values.tls $server).existingSecret }}
- name: tls-{{ $server }}
  mountPath: /etc/omega/tls/{{ $server }}
  readOnly: true
{{- end }}
{{- end }}
- name: scratch
  mountPath: /tmp
{{- end -}}

{{/* Of a pod with containers of these pools. Takes {root, pools, size}: of /tmp. */}}
{{- define "omega.volumes" -}}
{{- $secrets := dict -}}
{{- range .pools }}{{ $_ := set $secrets (include "omega.secretsVolume" .) .secrets.existingSecret }}{{ end -}}
{{- range $volume, $secret := $secrets -}}
- name: {{ $volume }}
  secret:
    secretName: {{ $secret }}
    defaultMode: 0440
{{ end -}}
{{- range $server := list "broker" "mongo" -}}
{{- with (get $.root.Values.tls $server).existingSecret -}}
- name: tls-{{ $server }}
  secret:
    secretName: {{ . }}
    defaultMode: 0440
{{ end -}}
{{- end -}}
- name: scratch
  emptyDir:
    sizeLimit: {{ .size }}
{{- end -}}

{{/* What the API server wants to see; as Kubernetes would mount it in every container of the pod. */}}
{{- define "omega.serviceAccountVolume" -}}
- name: service-account
  projected:
    defaultMode: 0440
    sources:
      - serviceAccountToken: { path: token, expirationSeconds: 3607 }
      - configMap: { name: kube-root-ca.crt, items: [{ key: ca.crt, path: ca.crt }] }
      - downwardAPI: { items: [{ path: namespace, fieldRef: { fieldPath: metadata.namespace } }] }
{{- end -}}

{{/* The settings of a pool, by environment variable; what the values name wins. */}}
{{- define "omega.settings" -}}
{{- $pool := .pool -}}
{{- $settings := dict
  "OMEGA_WORKER_LABEL" (join "," $pool.queues)
  "OMEGA_WORKER_CONCURRENCY" $pool.concurrency
  "OMEGA_WORKER_TIME_LIMIT" $pool.taskTimeLimit
  "OMEGA_HANDOVER_AFTER" .root.Values.broker.handoverAfter
  "OMEGA_HTTP_HOST" "0.0.0.0"
  "OMEGA_HTTP_PORT" .root.Values.httpPort
  "OMEGA_LOGLEVEL" .root.Values.logLevel
  "REMAP_SIGTERM" "SIGQUIT"
  "OMEGA_SOFT_SHUTDOWN_TIMEOUT" (sub (int $pool.grace) 15)
-}}
{{- if .root.Values.metrics.celery.enabled }}{{ $_ := set $settings "OMEGA_METRICS_CELERY" true }}{{ end -}}
{{- if $pool.autoscaling.idleFirst }}{{ $_ := set $settings "OMEGA_POD_DELETION_COST" true }}{{ end -}}
{{- with $pool.softTaskTimeLimit }}{{ $_ := set $settings "OMEGA_WORKER_SOFT_TIME_LIMIT" . }}{{ end -}}
{{- with include "omega.executorKibibytes" $pool }}{{ $_ := set $settings "OMEGA_WORKER_MEMORY_LIMIT" . }}{{ end -}}
{{- range $variable, $value := mergeOverwrite $settings .root.Values.settings $pool.settings }}
- name: {{ $variable }}
  value: {{ kindIs "float64" $value | ternary (int64 $value | toString) (toString $value) | quote }}
{{- end }}
{{- end -}}

{{/* What of a worker is scraped, by a PodMonitor as by a ServiceMonitor. */}}
{{- define "omega.endpoints" -}}
{{- with .Values.metrics.podMonitor -}}
- port: http
  path: /metrics
  interval: {{ .interval }}
  scrapeTimeout: {{ .scrapeTimeout }}
  relabelings:
    # The alerts and dashboards name both.
    - { action: replace, targetLabel: job, replacement: omega }
    - { action: replace, sourceLabels: [__meta_kubernetes_pod_label_omega_dev_pool], targetLabel: pool }
    {{- with include "omega.tenantRelabelling" $ }}{{ . | nindent 4 }}{{ end }}
    {{- with .relabelings }}{{ toYaml . | nindent 4 }}{{ end }}
  {{- with .metricRelabelings }}
  metricRelabelings: {{- toYaml . | nindent 4 }}
  {{- end }}
{{- if $.Values.metrics.celery.enabled }}
- port: http
  path: /metrics/celery
  interval: {{ .interval }}
  scrapeTimeout: {{ .scrapeTimeout }}
  {{- with concat (include "omega.tenantRelabelling" $ | fromYamlArray) .relabelings }}
  relabelings: {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .metricRelabelings }}
  metricRelabelings: {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end }}
{{- end }}
{{- end }}
