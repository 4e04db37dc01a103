import definitions from './definitions.json' with { type: 'json' };
import { as } from '../resource.ts';

/** One OpenAPI definition, as far as the sandbox reads it. */
export interface Definition {
  $ref?: string;
  type?: string;
  format?: string;
  required?: string[];
  properties?: Record<string, Definition>;
  additionalProperties?: Definition;
  items?: Definition;
  'x-kubernetes-patch-strategy'?: string;
  'x-kubernetes-patch-merge-key'?: string;
  'x-kubernetes-list-type'?: string;
  'x-kubernetes-list-map-keys'?: string[];
  'x-kubernetes-preserve-unknown-fields'?: boolean;
}

const PREFIX = '#/definitions/';
// The compiler's literal type of so large a file is of no use; every entry but the header is a definition.
const all = as<Record<string, Definition | undefined>>(definitions);

/** The definition of that name, for instance `io.k8s.api.apps.v1.Deployment`. Throws where the file does not have it. */
export function definitionOf(name: string): Definition {
  const found = all[name];
  if (!found) throw new Error(`definitions.json has no ${name}; add the kind to generate.ts and run it`);
  return found;
}

/** Follows `$ref`; what is not a reference is itself. */
export function resolved(definition: Definition | undefined): Definition | undefined {
  return definition?.$ref ? definitionOf(definition.$ref.slice(PREFIX.length)) : definition;
}

/** What a `$ref` names, for the few types with a form of their own. */
export function nameOf(definition: Definition | undefined): string {
  return definition?.$ref?.slice(PREFIX.length) ?? '';
}

/** What is known of one field of a type: its declared property, or what a map's values are. */
export function fieldOf(definition: Definition | undefined, key: string): Definition | undefined {
  const type = resolved(definition);
  // Only own properties: a field may be called `constructor`.
  const declared = type?.properties && Object.hasOwn(type.properties, key) ? type.properties[key] : undefined;
  return declared ?? type?.additionalProperties;
}

/** The definitions whose name starts with one of the prefixes, and what they refer to, in OpenAPI 3 form. */
export function definitionsBelow(names: string[]): Record<string, unknown> {
  const kept: Record<string, unknown> = {};
  const waiting = [...names];
  while (waiting.length > 0) {
    const name = waiting.pop() ?? '';
    if (name in kept) continue;
    const text = JSON.stringify(definitionOf(name));
    for (const [, next] of text.matchAll(/"#\/definitions\/([^"]+)"/g)) if (next) waiting.push(next);
    kept[name] = JSON.parse(text.replaceAll(`"${PREFIX}`, '"#/components/schemas/'));
  }
  return kept;
}

/** Whether a value may hold anything: RawExtension, JSON, and types without fields. */
export function isOpen(definition: Definition): boolean {
  return (
    definition['x-kubernetes-preserve-unknown-fields'] === true ||
    (definition.type !== 'array' && !isScalar(definition) && !definition.properties && !definition.additionalProperties)
  );
}

function isScalar(definition: Definition): boolean {
  return ['string', 'integer', 'number', 'boolean'].includes(definition.type ?? '');
}
