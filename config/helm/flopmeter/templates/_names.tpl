{{- define "flopmeter.selector" -}}
app.kubernetes.io/name: flopmeter
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "flopmeter.labels" -}}
{{ include "flopmeter.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end }}

{{- define "flopmeter.image" -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end }}

{{- /* The kubelet's socket belongs to root. */ -}}
{{- define "flopmeter.user" -}}
{{ if .Values.podResources.enabled }}0{{ else }}65532{{ end }}
{{- end }}

{{- define "flopmeter.port" -}}
{{ regexFind "[0-9]+$" .Values.config.http.listen }}
{{- end }}
