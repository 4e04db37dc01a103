import { findKind } from '../kubernetes/kinds.ts';
import { parseReference } from '../kubernetes/parse-reference.ts';
import { parameterPointer } from './parameter-pointer.ts';
import type { AlertSource, ExecuteRequest, NamedTarget } from './request.ts';

/** A target that the request names, and where it does so (for the pointer of a fault). */
export interface Candidate {
  source: 'target' | 'parameters' | 'resource' | 'label' | 'annotation';
  pointer: string;
  target: NamedTarget;
  /** Why what stands there names nothing. It counts only where this candidate is the one that is taken. */
  fault?: string;
}

/** Labels and annotations that name a target, in the order in which they count, with the kind that each means. */
const labelKinds: readonly (readonly [string, string | undefined])[] = [
  ['deployment', 'Deployment'],
  ['statefulset', 'StatefulSet'],
  ['daemonset', 'DaemonSet'],
  ['pod', 'Pod'],
  ['pod_name', 'Pod'],
  ['node', 'Node'],
  ['instance', 'Node'],
  ['hpa', 'HorizontalPodAutoscaler'],
  ['persistentvolumeclaim', 'PersistentVolumeClaim'],
  ['secret', 'Secret'],
  ['network_policy', 'NetworkPolicy'],
  ['app', undefined],
];

/** Every target that the request names, in the order in which they count. An empty value counts as none. */
export function targetCandidates(request: ExecuteRequest): Candidate[] {
  return [
    ...explicit(request),
    ...fromParameters(request),
    ...fromResource(request.alert),
    ...fromLabels(request.alert),
  ];
}

function explicit({ target }: ExecuteRequest): Candidate[] {
  return target ? [{ source: 'target', pointer: '/target', target }] : [];
}

function fromParameters(request: ExecuteRequest): Candidate[] {
  const { parameters } = request;
  const node = textOf(parameters, 'node_name');
  if (node)
    return [
      { source: 'parameters', pointer: parameterPointer(request, 'node_name'), target: { kind: 'Node', name: node } },
    ];
  const name = textOf(parameters, 'resource_name');
  if (!name) return [];
  const kind = textOf(parameters, 'resource_type');
  return [
    fromText('parameters', parameterPointer(request, 'resource_name'), name, {
      kind,
      namespace: textOf(parameters, 'namespace'),
    }),
  ];
}

function fromResource(alert: AlertSource | undefined): Candidate[] {
  const resource = alert?.resource?.trim();
  return resource ? [fromText('resource', '/alert/resource', resource, {})] : [];
}

function fromLabels(alert: AlertSource | undefined): Candidate[] {
  const read = (source: 'label' | 'annotation', values: Record<string, string> | undefined): Candidate[] =>
    labelKinds.flatMap(([key, kind]) => {
      const value = values?.[key]?.trim();
      if (!value) return [];
      // Prometheus' `instance` is host:port; the node is the host.
      const text = key === 'instance' ? value.replace(/:\d+$/, '') : value;
      return [fromText(source, `/alert/${source}s/${key}`, text, { kind })];
    });
  return [...read('label', alert?.labels), ...read('annotation', alert?.annotations)];
}

function fromText(
  source: Candidate['source'],
  pointer: string,
  text: string,
  defaults: { kind?: string | undefined; namespace?: string | undefined },
): Candidate {
  const parsed = parseReference(text);
  const defaultKind = defaults.kind ? (findKind(defaults.kind)?.kind ?? defaults.kind) : undefined;
  if (!parsed.ok) return { source, pointer, target: { kind: defaultKind, name: text }, fault: parsed.detail };
  return {
    source,
    pointer,
    target: {
      apiVersion: parsed.apiVersion,
      kind: parsed.kind ?? defaultKind,
      namespace: parsed.namespace ?? defaults.namespace,
      name: parsed.name,
    },
  };
}

function textOf(values: Record<string, unknown>, key: string): string | undefined {
  const value = values[key];
  return typeof value === 'string' && value.trim() !== '' ? value.trim() : undefined;
}
