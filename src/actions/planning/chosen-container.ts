import { describeReference } from '../../kubernetes/describe-reference.ts';
import { type Json, type KubernetesObject, referenceTo } from '../../kubernetes/object.ts';
import { listAt, textAt } from '../../kubernetes/value-at.ts';
import { preconditionFailed } from '../refusal.ts';

/** The containers of an object's pods (or of a pod itself), and which of them is meant. */
export interface ChosenContainer {
  /** Where the list stands in the object. */
  path: string[];
  containers: Json[];
  index: number;
  name: string;
}

/** The container of that name, or the only one there is. Refuses where none was named and there are more. */
export function chosenContainer(object: KubernetesObject, wanted: string | undefined): ChosenContainer {
  const path = object.kind === 'Pod' ? ['spec', 'containers'] : ['spec', 'template', 'spec', 'containers'];
  const containers = listAt(object, path);
  const names = containers.map((container) => textAt(container, ['name']) ?? '');
  const named = describeReference(referenceTo(object));
  if (wanted === undefined && names.length > 1) {
    throw preconditionFailed(
      `${named} has more than one container: ${names.join(', ')}`,
      'Name one of them as container_name',
    );
  }
  const index = wanted === undefined ? 0 : names.indexOf(wanted);
  const name = names[index];
  if (name === undefined) {
    throw preconditionFailed(`${named} has no container ${wanted}; it has ${names.join(', ')}`, 'Name one of these');
  }
  return { path, containers, index, name };
}
