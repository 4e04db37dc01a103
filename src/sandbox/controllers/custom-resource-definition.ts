import { APPROVAL, customResourceDefinitions, isProtected } from '../kinds/custom-resource-definition.ts';
import { storageOf } from '../kinds/kind.ts';
import { type Resource, as, at, copy, isRecord } from '../resource.ts';
import type { Condition } from '../shapes.ts';
import type { Change } from '../store/store.ts';
import { withCondition } from './conditions.ts';
import type { ControllerFactory } from './controller.ts';
import { writeStatus } from './pods.ts';

const STORAGE = storageOf(customResourceDefinitions);

/** Accepts the names of new kinds, from when on they are served, and clears away the objects of kinds that are gone. */
export const definitionController: ControllerFactory = ({ store }) => {
  return { name: 'customresourcedefinition-controller', keys, reconcile };

  function keys(change: Change): string[] {
    return change.storage === STORAGE ? [change.object.metadata.name] : [];
  }

  function reconcile(name: string): void {
    const found = store.get(STORAGE, undefined, name);
    if (found) return accept(found);
    const [plural = '', ...group] = name.split('.');
    const storage = `${group.join('.')}/${plural}`;
    for (const object of store.list(storage)) store.remove(storage, object);
  }

  function accept(definition: Resource): void {
    const now = store.timestamp();
    const said: Condition[] = [
      ...(isProtected(definition) ? [approval(definition)] : []),
      { type: 'NamesAccepted', status: 'True', reason: 'NoConflicts', message: 'no conflicts found' },
      {
        type: 'Established',
        status: 'True',
        reason: 'InitialNamesAccepted',
        message: 'the initial names have been accepted',
      },
    ];
    const before = as<Condition[] | null | undefined>(at(definition, 'status', 'conditions'));
    const conditions = said.reduce((list, condition) => withCondition(list, condition, now), before ?? undefined);
    const status = isRecord(definition.status) ? copy(definition.status) : {};
    const acceptedNames = copy(at(definition, 'spec', 'names'));
    writeStatus(store, customResourceDefinitions, definition, { ...status, conditions, acceptedNames });
  }
};

function approval(definition: Resource): Condition {
  const said = definition.metadata.annotations?.[APPROVAL] ?? '';
  const exempt = said.startsWith('unapproved');
  return {
    type: 'KubernetesAPIApprovalPolicyConformant',
    status: exempt ? 'False' : 'True',
    reason: exempt ? 'UnapprovedAnnotation' : 'ApprovedAnnotation',
    message: exempt ? `not approved: "${APPROVAL}"="${said}"` : `approved in ${said}`,
  };
}
