import * as z from 'zod';
import type { Action } from '../actions/define.ts';
import type { Json } from '../json.ts';

/** An action as the catalogue answers it. `parameters` is JSON Schema 2020-12. */
export function actionView(action: Action): { [field: string]: Json } {
  return {
    name: action.name,
    summary: action.summary,
    targets: [
      ...action.targets,
      ...(action.customTargets ?? []).map(({ apiVersion, kind }) => `${apiVersion}/${kind}`),
    ],
    target_required: !action.targetOptional,
    risk: action.risk,
    reversible: action.irreversible === undefined,
    irreversible_because: action.irreversible ?? null,
    again: action.again,
    dry_run: true,
    parameters: parametersSchema(action),
    permissions: action.permissions.map(({ apiGroups, resources, verbs }) => ({
      api_groups: apiGroups,
      resources,
      verbs,
    })),
    examples: action.examples.map((example) => exampleRequest(action, example)),
  };
}

/** The JSON Schema of what a caller may send, with the parameters that every action takes. */
function parametersSchema(action: Action): { [field: string]: Json } {
  const schema = z.toJSONSchema(action.parameters, { io: 'input', target: 'draft-2020-12' });
  return jsonSchemaOf(schema);
}

/** A request that can be sent as it is. */
function exampleRequest(action: Action, { target, parameters }: Action['examples'][number]): Json {
  const [name, kind, namespace] = target?.split('/').toReversed() ?? [];
  return {
    action: { action: action.name, parameters: jsonSchemaOf(parameters) },
    ...(name ? { target: { ...(kind ? { kind } : {}), ...(namespace ? { namespace } : {}), name } } : {}),
  };
}

/** A schema and an example are JSON documents, which their types do not say. */
function jsonSchemaOf(document: object): { [field: string]: Json } {
  return document as { [field: string]: Json };
}
