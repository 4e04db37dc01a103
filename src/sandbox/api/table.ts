import type { Kind } from '../kinds/kind.ts';
import type { Resource } from '../resource.ts';
import { objectText } from './serialise.ts';

export interface TableOptions {
  now: Date;
  /** What each row carries besides its cells: `None`, `Metadata` (the default) or `Object`. */
  includeObject: string;
  metadata: object;
  /** Later events of a watch leave the columns out. */
  withoutColumns?: boolean;
}

/** The objects as meta.k8s.io/v1 Table, which is what `kubectl get` prints. */
export function tableText(kind: Kind, objects: Resource[], options: TableOptions): string {
  const columns = kind.columns.map(({ name, type = 'string', format = '', priority = 0 }) => ({
    name,
    type,
    format,
    description: name,
    priority,
  }));
  const rows = objects.map((object) => {
    const cells = JSON.stringify(kind.columns.map((column) => column.cell(object, options.now)));
    return `{"cells":${cells},"object":${carried(kind, object, options.includeObject)}}`;
  });
  return `{"kind":"Table","apiVersion":"meta.k8s.io/v1","metadata":${JSON.stringify(options.metadata)},"columnDefinitions":${options.withoutColumns ? 'null' : JSON.stringify(columns)},"rows":[${rows.join(',')}]}`;
}

function carried(kind: Kind, object: Resource, includeObject: string): string {
  if (includeObject === 'None') return 'null';
  if (includeObject === 'Object') return objectText(kind, object);
  return JSON.stringify({ kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: object.metadata });
}
