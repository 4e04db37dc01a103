import { as, copy, isRecord, records, same } from '../resource.ts';
import type { Pod } from '../shapes.ts';
import { validateContainers } from '../validation/pod-spec.ts';
import type { Part } from './kind.ts';

/** Fields of a container that make no sense for one that is there for looking around. */
const barred = [
  'ports',
  'livenessProbe',
  'readinessProbe',
  'startupProbe',
  'lifecycle',
  'resources',
  'resizePolicy',
  'restartPolicy',
];

/** The `ephemeralcontainers` subresource: containers may be added, and never changed or taken away. */
export const podEphemeralContainers: Part = {
  prepare(draft, old) {
    const { uid, resourceVersion } = draft.metadata;
    draft.metadata = {
      ...copy(old.metadata),
      ...(uid ? { uid } : {}),
      ...(resourceVersion ? { resourceVersion } : {}),
    };
    const given = isRecord(draft.spec) ? draft.spec.ephemeralContainers : undefined;
    const { ephemeralContainers: _before, ...spec } = copy(as<Pod>(old).spec);
    draft.spec = { ...spec, ...(records(given).length > 0 ? { ephemeralContainers: given } : {}) };
  },
  validate(draft, faults, old) {
    const spec = isRecord(draft.spec) ? draft.spec : {};
    const path = 'spec.ephemeralContainers';
    const given = records(spec.ephemeralContainers);
    const names = [...records(spec.containers), ...records(spec.initContainers)].map((container) => container.name);
    validateContainers(given, path, spec, faults, new Set(names));
    given.forEach((container, index) => {
      const { targetContainerName: aim } = container;
      if (aim && !names.includes(aim)) faults.notFound(`${path}[${index}].targetContainerName`, aim);
      for (const field of barred)
        if (isSet(container[field]))
          faults.forbidden(`${path}[${index}].${field}`, 'cannot be set for an Ephemeral Container');
    });
    for (const before of records(as<Pod>(old).spec.ephemeralContainers)) {
      const now = given.find((container) => container.name === before.name);
      const subject = `existing ephemeral containers ${JSON.stringify(before.name)} may not be`;
      if (!now) faults.forbidden(path, `${subject} removed\n`);
      else if (!same(now, before)) faults.forbidden(path, `${subject} changed\n`);
    }
  },
};

function isSet(value: unknown): boolean {
  return isRecord(value) || Array.isArray(value) ? Object.keys(value).length > 0 : value !== undefined;
}
