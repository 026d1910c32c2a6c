{{/* The pod of a pool. */}}
{{- define "omega.podSpec" -}}
{{- $pool := .pool -}}
serviceAccountName: {{ include "omega.serviceAccount" .root }}
automountServiceAccountToken: false
enableServiceLinks: false
terminationGracePeriodSeconds: {{ $pool.grace }}
securityContext: {{- toYaml .root.Values.podSecurityContext | nindent 2 }}
{{- with .root.Values.image.pullSecrets }}
imagePullSecrets: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $pool.initContainers }}
initContainers: {{- toYaml . | nindent 2 }}
{{- end }}
containers:
  - name: worker
    image: {{ include "omega.image" . | quote }}
    imagePullPolicy: {{ include "omega.pullPolicy" . }}
    args: {{- concat (list "worker") $pool.modules $pool.extraArgs | toYaml | nindent 6 }}
    env:
      {{- include "omega.secretEnv" . | trim | nindent 6 }}
      {{- include "omega.settings" . | trim | nindent 6 }}
      {{- if $pool.autoscaling.idleFirst }}
      - name: OMEGA_POD_NAME
        valueFrom: { fieldRef: { fieldPath: metadata.name } }
      {{- end }}
      {{- with $pool.env }}{{ toYaml . | nindent 6 }}{{ end }}
    {{- with $pool.envFrom }}
    envFrom: {{- toYaml . | nindent 6 }}
    {{- end }}
    ports:
      - { name: http, containerPort: {{ .root.Values.httpPort }} }
    startupProbe: {{- include "omega.probe" (dict "path" "/livez" "times" $pool.probes.startup) | nindent 6 }}
    livenessProbe: {{- include "omega.probe" (dict "path" (ternary "'/livez?deep=1'" "/livez" $pool.probes.deep) "times" $pool.probes.liveness) | nindent 6 }}
    readinessProbe: {{- include "omega.probe" (dict "path" "/readyz" "times" $pool.probes.readiness) | nindent 6 }}
    {{- with $pool.lifecycle }}
    lifecycle: {{- toYaml . | nindent 6 }}
    {{- end }}
    resources: {{- toYaml $pool.resources | nindent 6 }}
    securityContext: {{- toYaml .root.Values.securityContext | nindent 6 }}
    volumeMounts:
      {{- include "omega.secretMounts" . | nindent 6 }}
      {{- if $pool.autoscaling.idleFirst }}
      - { name: service-account, mountPath: /var/run/secrets/kubernetes.io/serviceaccount, readOnly: true }
      {{- end }}
      {{- with $pool.extraVolumeMounts }}{{ toYaml . | nindent 6 }}{{ end }}
  {{- with $pool.extraContainers }}{{ toYaml . | nindent 2 }}{{ end }}
volumes:
  {{- include "omega.volumes" (dict "root" .root "pools" (list $pool) "size" $pool.scratchSize) | nindent 2 }}
  {{- if $pool.autoscaling.idleFirst }}{{ include "omega.serviceAccountVolume" . | nindent 2 }}{{ end }}
  {{- with $pool.extraVolumes }}{{ toYaml . | nindent 2 }}{{ end }}
{{- include "omega.placement" . }}
{{- end -}}

{{/* Takes {path, times}. */}}
{{- define "omega.probe" -}}
httpGet: { path: {{ .path }}, port: http }
{{ toYaml .times }}
{{- end -}}

{{/* Where the pod may run. */}}
{{- define "omega.placement" -}}
{{- $scope := . -}}
{{- with .pool.topologySpreadConstraints }}
topologySpreadConstraints:
  {{- range . }}
  - {{ mergeOverwrite (dict "labelSelector" (dict "matchLabels" (include "omega.poolSelector" $scope | fromYaml))) . | toYaml | nindent 4 | trim }}
  {{- end }}
{{- end }}
{{- range $field := list "nodeSelector" "tolerations" "affinity" "priorityClassName" "runtimeClassName" "schedulerName" "hostAliases" }}
{{- with get $scope.pool $field }}
{{ $field }}: {{ kindIs "string" . | ternary (toString .) (toYaml . | nindent 2) }}
{{- end }}
{{- end }}
{{- end -}}
