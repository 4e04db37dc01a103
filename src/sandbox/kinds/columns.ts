import { type Resource, as, at, records } from '../resource.ts';
import { selectorText } from '../selectors/label-selector.ts';
import type { Column } from './kind.ts';

export const nameColumn: Column = { name: 'Name', format: 'name', cell: (object) => object.metadata.name };
export const age: Column = { name: 'Age', cell: (object, now) => since(object.metadata.creationTimestamp, now) };

/** The columns that every kind with a pod template shows with `-o wide`. */
export const wideTemplate: Column[] = [
  {
    name: 'Containers',
    priority: 1,
    cell: (object) =>
      containers(object)
        .map((container) => container.name)
        .join(','),
  },
  {
    name: 'Images',
    priority: 1,
    cell: (object) =>
      containers(object)
        .map((container) => container.image)
        .join(','),
  },
];
export const wideSelector: Column = {
  name: 'Selector',
  priority: 1,
  cell: (object) => selectorText(as(at(object, 'spec', 'selector'))),
};

/** A column with the text, or the number, at a path; `otherwise` where nothing stands there. */
export function field(name: string, path: string, otherwise: string | number = '', rest: Partial<Column> = {}): Column {
  return {
    name,
    ...rest,
    cell(object) {
      const value = at(object, ...path.split('.'));
      return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? value : otherwise;
    },
  };
}

/** How long ago, in the two largest units that kubectl would show. */
export function since(timestamp: unknown, now: Date): string {
  if (typeof timestamp !== 'string') return '<unknown>';
  return duration(now.getTime() - Date.parse(timestamp));
}

function duration(milliseconds: number): string {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  if (seconds < 120) return `${seconds}s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 10) return `${minutes}m${seconds % 60 ? `${seconds % 60}s` : ''}`;
  if (minutes < 180) return `${minutes}m`;
  const hours = Math.floor(minutes / 60);
  if (hours < 8) return `${hours}h${minutes % 60 ? `${minutes % 60}m` : ''}`;
  if (hours < 48) return `${hours}h`;
  const days = Math.floor(hours / 24);
  return days < 8 ? `${days}d${hours % 24 ? `${hours % 24}h` : ''}` : `${days}d`;
}

function containers(object: Resource): Record<string, unknown>[] {
  const spec = at(object, 'spec', 'jobTemplate', 'spec', 'template', 'spec') ?? at(object, 'spec', 'template', 'spec');
  return records(at(spec, 'containers'));
}
