import type { Action } from '../actions/define.ts';
import { Refusal } from '../actions/refusal.ts';
import { describeReference } from '../kubernetes/describe-reference.ts';
import { isKubernetesError } from '../kubernetes/errors.ts';
import { findKind, groupOf, kindOf } from '../kubernetes/kinds.ts';
import { controllerOf, type KubernetesObject, type ObjectReference, referenceTo } from '../kubernetes/object.ts';
import { namespaceFault } from '../kubernetes/names.ts';
import type { ClusterReader } from '../kubernetes/reader.ts';
import { parameterPointer } from './parameter-pointer.ts';
import type { ExecuteRequest } from './request.ts';
import { type Candidate, targetCandidates } from './target-candidates.ts';

export interface FoundTarget {
  target: ObjectReference;
  object: KubernetesObject;
}

const workloads = ['Deployment', 'StatefulSet', 'DaemonSet', 'ReplicaSet', 'Job'];
const longestOwnerChain = 5;

/**
 * The object that a request is about, read from the cluster: from the explicit target, the parameters, the alert's
 * resource, its labels, its annotations, in this order. Undefined where none is named and the action can do without.
 */
export async function findTarget(
  reader: ClusterReader,
  action: Action,
  request: ExecuteRequest,
  readAhead: (target: ObjectReference) => Promise<unknown>[],
): Promise<FoundTarget | undefined> {
  const named = namedTarget(action, request);
  if (!named) return undefined;
  // Whoever needs an answer of these asks again, and then sees what went wrong.
  const ownKind = action.targets.includes(named.kind);
  const ahead = ownKind ? action.readAhead?.(reader, named) : undefined;
  for (const read of [...(ahead ?? []), ...readAhead(named)]) void read.catch(() => undefined);
  const object = await readTarget(reader, named, ownKind);
  if (isTarget(action, object)) return { target: referenceTo(object), object };
  const owner = await owningWorkload(reader, action, object);
  return { target: referenceTo(owner), object: owner };
}

/** The reference that the request means, checked against the action. Asks nothing of the cluster. */
export function namedTarget(action: Action, request: ExecuteRequest): ObjectReference | undefined {
  const candidate = chosen(action, targetCandidates(request));
  if (!candidate) return withoutCandidate(action, request);
  const { pointer, fault } = candidate;
  if (fault) throw new Refusal('validation_failed', fault, { errors: [{ pointer, detail: fault }] });
  const { target } = candidate;
  const word = target.kind ?? action.targets[0] ?? '';
  const known = target.apiVersion ? kindOf(target.apiVersion, word) : findKind(word);
  const kind = known?.kind ?? word;
  const apiVersion = target.apiVersion ?? known?.apiVersion;
  if (!apiVersion || !accepts(action, apiVersion, kind)) throw unsupported(action, candidate, kind);
  if (known && !known.namespaced) return { apiVersion, kind, name: target.name };
  const namespace = target.namespace ?? namespaceOf(request);
  if (!namespace) {
    const detail = `${kind} ${target.name} needs a namespace`;
    throw new Refusal('validation_failed', detail, {
      errors: [{ pointer: namespacePointer(candidate, request), detail }],
      hint: 'Give alert.namespace, parameters.namespace or target.namespace',
    });
  }
  return { apiVersion, kind, namespace, name: target.name };
}

/** A custom kind that is called like a built-in one of another group: the action is not made for it. */
function isNamesake(apiVersion: string, kind: string): boolean {
  const builtIn = findKind(kind);
  return (
    kindOf(apiVersion, kind) === undefined &&
    builtIn !== undefined &&
    groupOf(apiVersion) !== groupOf(builtIn.apiVersion)
  );
}

/** Where the missing namespace would stand, in the shape that was sent. */
function namespacePointer({ source }: Candidate, request: ExecuteRequest): string {
  if (source === 'target') return '/target/namespace';
  return request.alert && source !== 'parameters' ? '/alert/namespace' : parameterPointer(request, 'namespace');
}

/**
 * Labels often name several objects: the kind that the action is made for counts before one that it can also take, and
 * both before `app`, which says nothing of a kind.
 */
function chosen(action: Action, candidates: readonly Candidate[]): Candidate | undefined {
  const [first] = candidates;
  // What an alert happens to name is not what an action on the whole cluster is about.
  if (action.targets.length === 0) return first?.source === 'target' ? first : undefined;
  if (!first || (first.source !== 'label' && first.source !== 'annotation')) return first;
  return (
    candidates.find(({ target }) => target.kind === action.targets[0]) ??
    candidates.find(({ target }) => target.kind === undefined || acceptsKind(action, target.kind)) ??
    first
  );
}

function withoutCandidate(action: Action, request: ExecuteRequest): ObjectReference | undefined {
  const namespace = namespaceOf(request);
  if (namespace && action.targets.includes('Namespace'))
    return { apiVersion: 'v1', kind: 'Namespace', name: namespace };
  if (action.targetOptional) return undefined;
  const detail = `The request names no ${action.targets.join(' or ')} for ${action.name}`;
  throw new Refusal('validation_failed', detail, {
    errors: [{ pointer: '/target', detail }],
    hint: 'Give target {kind, namespace, name}, alert.resource such as "deployment/web-server", or parameters.resource_name',
  });
}

function namespaceOf({ parameters, alert }: ExecuteRequest): string | undefined {
  const given = [parameters['namespace'], alert?.namespace].find(
    (value): value is string => typeof value === 'string' && value !== '',
  );
  if (given) return given;
  const label = alert?.labels?.['namespace']?.trim();
  const fault = label ? namespaceFault(label) : undefined;
  if (fault)
    throw new Refusal('validation_failed', fault, { errors: [{ pointer: '/alert/labels/namespace', detail: fault }] });
  return label || undefined;
}

function isTarget(action: Action, { apiVersion, kind }: Pick<ObjectReference, 'apiVersion' | 'kind'>): boolean {
  return action.targets.includes(kind) || isCustomTarget(action, apiVersion, kind);
}

function isCustomTarget({ customTargets = [] }: Action, apiVersion: string, kind: string): boolean {
  return customTargets.some((custom) => custom.kind === kind && custom.apiVersion === apiVersion);
}

function accepts(action: Action, apiVersion: string, kind: string): boolean {
  return isCustomTarget(action, apiVersion, kind) || (acceptsKind(action, kind) && !isNamesake(apiVersion, kind));
}

/** A pod stands for the workload that owns it. */
function acceptsKind(action: Action, kind: string): boolean {
  if (action.targets.includes(kind)) return true;
  return kind === 'Pod' && action.targets.some((target) => workloads.includes(target));
}

async function readTarget(
  reader: ClusterReader,
  reference: ObjectReference,
  recall = false,
): Promise<KubernetesObject> {
  try {
    return await (recall ? reader.recall(reference) : reader.get(reference));
  } catch (error) {
    if (!isKubernetesError(error, 'notFound')) throw error;
    throw new Refusal('target_not_found', `${describeReference(reference)} does not exist in ${reader.name}`, {
      hint: 'Check the name and the namespace; kubectl get shows what is there',
      cause: error,
    });
  }
}

async function owningWorkload(reader: ClusterReader, action: Action, pod: KubernetesObject): Promise<KubernetesObject> {
  let object = pod;
  for (let step = 0; step < longestOwnerChain; step += 1) {
    const owner = controllerOf(object);
    // Only what leads to a workload is read: the service may have no right to look at other owners.
    if (!owner || !(isTarget(action, owner) || owner.kind === 'ReplicaSet')) break;
    const namespace = pod.metadata.namespace;
    object = await readTarget(reader, { ...owner, ...(namespace ? { namespace } : {}) });
    if (isTarget(action, object)) return object;
  }
  throw new Refusal(
    'unsupported_target',
    `${describeReference(referenceTo(pod))} is not owned by a ${action.targets.join(' or ')}, so ${action.name} can't act on it`,
    { hint: `Name the ${action.targets.join(' or ')} itself` },
  );
}

function unsupported(action: Action, { pointer, target }: Candidate, kind: string): Refusal {
  const sentence = `${action.name} can't act on ${kind} ${target.name}; it acts on ${namesOfTargets(action)}`;
  return new Refusal('unsupported_target', sentence, { errors: [{ pointer, detail: sentence }] });
}

function namesOfTargets({ targets, customTargets = [] }: Action): string {
  const custom = customTargets.map(({ apiVersion, kind }) => `${apiVersion}/${kind}`);
  return [...targets, ...custom].join(', ') || 'the cluster as a whole';
}
