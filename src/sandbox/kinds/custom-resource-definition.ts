import { type Resource, at, child, isRecord, records } from '../resource.ts';
import type { Faults } from '../validation/faults.ts';
import { field, nameColumn } from './columns.ts';
import type { Kind } from './kind.ts';

export const APPROVAL = 'api-approved.kubernetes.io';

/** Kinds that are added at run time; `kinds/custom-kind.ts` serves them. Conversion between versions is by name only. */
export const customResourceDefinitions: Kind = {
  group: 'apiextensions.k8s.io',
  version: 'v1',
  kind: 'CustomResourceDefinition',
  plural: 'customresourcedefinitions',
  namespaced: false,
  shortNames: ['crd', 'crds'],
  categories: ['api-extensions'],
  type: 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinition',
  hasStatus: true,
  hasGeneration: true,
  returnsDeleted: true,
  defaults(draft) {
    const spec = child(draft, 'spec');
    const names = child(spec, 'names');
    if (typeof names.kind === 'string') {
      names.singular ??= names.kind.toLowerCase();
      names.listKind ??= `${names.kind}List`;
    }
    child(spec, 'conversion').strategy ??= 'None';
  },
  initialStatus: (draft) => ({
    conditions: null,
    acceptedNames: { plural: '', kind: '' },
    storedVersions: records(at(draft, 'spec', 'versions'))
      .filter((version) => version.storage === true)
      .map((version) => version.name),
  }),
  validate(draft, faults) {
    const spec = isRecord(draft.spec) ? draft.spec : {};
    const expected = `${String(at(spec, 'names', 'plural') ?? '')}.${String(spec.group ?? '')}`;
    if (draft.metadata.name !== expected)
      faults.invalid('metadata.name', draft.metadata.name, 'must be spec.names.plural+"."+spec.group');
    for (const name of ['group', 'scope']) if (!spec[name]) faults.required(`spec.${name}`);
    for (const name of ['plural', 'kind']) if (!at(spec, 'names', name)) faults.required(`spec.names.${name}`);
    validateVersions(records(spec.versions), faults);
    if (isProtected(draft) && !draft.metadata.annotations?.[APPROVAL])
      faults.required(
        `metadata.annotations[${APPROVAL}]`,
        `protected groups must have approval annotation "${APPROVAL}", see https://github.com/kubernetes/enhancements/pull/1111`,
      );
  },
  columns: [nameColumn, field('Created At', 'metadata.creationTimestamp')],
};

/** Groups that belong to Kubernetes itself. */
export function isProtected(definition: Resource): boolean {
  const group = String(at(definition, 'spec', 'group') ?? '');
  return ['k8s.io', 'kubernetes.io'].some((owned) => group === owned || group.endsWith(`.${owned}`));
}

function validateVersions(versions: Record<string, unknown>[], faults: Faults): void {
  const stored = versions.filter((version) => version.storage === true);
  if (stored.length !== 1)
    faults.invalid('spec.versions', versions, 'must have exactly one version marked as storage version');
  versions.forEach((version, index) => {
    if (!at(version, 'schema', 'openAPIV3Schema'))
      faults.required(`spec.versions[${index}].schema.openAPIV3Schema`, 'schemas are required');
  });
}
