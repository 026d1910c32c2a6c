{{/*
A program of others beside the workers: its Deployment, and a NetworkPolicy of its own. It reads the broker's URL from the
secret by reference, since it knows no files. Takes {root, name, values, port, urlVariable, args, live, ready, from}.
*/}}
{{- define "omega.peer" -}}
{{- $root := .root -}}
{{- $labels := dict "app.kubernetes.io/component" .name -}}
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ include "omega.fullname" $root }}-{{ .name }}
  namespace: {{ $root.Release.Namespace }}
  labels:
    {{- include "omega.labels" $root | nindent 4 }}
    {{- toYaml $labels | nindent 4 }}
spec:
  replicas: 1
  selector:
    matchLabels:
      {{- include "omega.selector" $root | nindent 6 }}
      {{- toYaml $labels | nindent 6 }}
  template:
    metadata:
      labels:
        {{- include "omega.selector" $root | nindent 8 }}
        {{- toYaml (merge (dict) $labels $root.Values.commonLabels) | nindent 8 }}
    spec:
      serviceAccountName: {{ include "omega.serviceAccount" $root }}
      automountServiceAccountToken: false
      enableServiceLinks: false
      securityContext: {{- toYaml $root.Values.podSecurityContext | nindent 8 }}
      {{- with $root.Values.image.pullSecrets }}
      imagePullSecrets: {{- toYaml . | nindent 8 }}
      {{- end }}
      containers:
        - name: {{ .name }}
          {{- with .values.image }}
          image: {{ empty .digest | ternary (printf "%s:%s" .repository .tag) (printf "%s@%s" .repository .digest) | quote }}
          imagePullPolicy: {{ .pullPolicy }}
          {{- end }}
          args: {{- concat .args .values.extraArgs | toYaml | nindent 12 }}
          env:
            - name: {{ .urlVariable }}
              valueFrom: { secretKeyRef: { name: {{ $root.Values.secrets.existingSecret }}, key: {{ $root.Values.secrets.brokerKey }} } }
            {{- with .values.env }}{{ toYaml . | nindent 12 }}{{ end }}
          ports:
            - { name: {{ .name }}, containerPort: {{ .port }} }
          livenessProbe: { {{ .live }}, periodSeconds: 30, timeoutSeconds: 10 }
          readinessProbe: { httpGet: { path: {{ .ready }}, port: {{ .name }} }, periodSeconds: 15, timeoutSeconds: 10 }
          resources: {{- toYaml .values.resources | nindent 12 }}
          securityContext: {{- toYaml $root.Values.securityContext | nindent 12 }}
          volumeMounts:
            - { name: scratch, mountPath: /tmp }
            {{- if $root.Values.tls.broker.existingSecret }}
            - { name: tls-broker, mountPath: /etc/omega/tls/broker, readOnly: true }
            {{- end }}
      volumes:
        - { name: scratch, emptyDir: { sizeLimit: 64Mi } }
        {{- with $root.Values.tls.broker.existingSecret }}
        - { name: tls-broker, secret: { secretName: {{ . }}, defaultMode: 0440 } }
        {{- end }}
{{- if $root.Values.networkPolicy.enabled }}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: {{ include "omega.fullname" $root }}-{{ .name }}
  namespace: {{ $root.Release.Namespace }}
  labels:
    {{- include "omega.labels" $root | nindent 4 }}
    {{- toYaml $labels | nindent 4 }}
spec:
  podSelector:
    matchLabels:
      {{- include "omega.selector" $root | nindent 6 }}
      app.kubernetes.io/component: {{ .name }}
  policyTypes: [Ingress, Egress]
  ingress:
    {{- with .from }}
    - from: {{- toYaml . | nindent 8 }}
      ports: [{ port: {{ $.name }}, protocol: TCP }]
    {{- end }}
  egress:
    - ports: [{ port: 53, protocol: UDP }, { port: 53, protocol: TCP }]
    - ports:
        {{- range $root.Values.networkPolicy.brokerPorts }}
        - { port: {{ int . }}, protocol: TCP }
        {{- end }}
      {{- with $root.Values.networkPolicy.serversTo }}
      to: {{- toYaml . | nindent 8 }}
      {{- end }}
{{- end }}
{{- end -}}
