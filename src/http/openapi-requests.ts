import * as z from 'zod';
import type { Action } from '../actions/define.ts';
import type { Json, JsonObject } from '../json.ts';
import { AcknowledgeBody } from './acknowledge-request.ts';
import { actionView } from './action-view.ts';
import { DecideBody } from './approval-request.ts';
import { CancelBody } from './cancel-request.ts';
import { ControlBody } from './control-request.ts';
import { RecommendationRequest, WorkflowRequest } from './execute-request.ts';
import { definitionOf, definitionsOf } from './openapi-definitions.ts';
import { ResumeBody } from './resume-request.ts';
import { RollbackBody } from './rollback-request.ts';
import { SessionBody } from './session-body.ts';

/** Beside its own, an action takes these; src/executor/parse-parameters.ts parses them. */
const CommonParameters = z.object({
  namespace: z.string().optional().describe('Namespace of the target, where no `target` is given'),
  resource_type: z.string().optional().describe('Kind of the target, such as deployment'),
  resource_name: z.string().optional().describe('Name of the target; `kind/name` too'),
  node_name: z.string().optional().describe('Name of the node that is the target'),
  reason: z.string().max(1_000).optional().describe('Why; kept in the record'),
  allow_gitops: z.boolean().optional().describe('Change what a GitOps controller owns all the same'),
});

/** The schemas of the request bodies, with those of each action's parameters. */
export function requestSchemas(actions: readonly Action[]): JsonObject {
  const anyAction = { allOf: [{ $ref: '#/components/schemas/AnyAction' }] };
  const {
    RecommendationRequest: recommendation,
    WorkflowRequest: workflow,
    ...others
  } = definitionsOf(
    [
      RecommendationRequest,
      WorkflowRequest,
      AcknowledgeBody,
      CancelBody,
      ControlBody,
      DecideBody,
      ResumeBody,
      RollbackBody,
      SessionBody,
    ],
    {
      open: false,
    },
  );
  const { properties } = objectOf(recommendation);
  const { action } = objectOf(properties);
  const common = objectOf(definitionOf(CommonParameters).properties);
  return {
    RecommendationRequest: {
      ...objectOf(recommendation),
      properties: { ...objectOf(properties), action: { ...objectOf(action), ...anyAction } },
    },
    WorkflowRequest: { ...objectOf(workflow), ...anyAction },
    ...others,
    AnyAction: {
      description: 'camelCase keys of parameters are accepted as well',
      oneOf: actions.map(({ name }) => ({ $ref: `#/components/schemas/${schemaName(name)}` })),
    },
    ...Object.fromEntries(actions.map((one) => [schemaName(one.name), actionSchema(one, common)])),
  };
}

/** Bodies that can be sent as they are: the guide's own request, an upstream workflow's, and one or more of each action. */
export function requestExamples(actions: readonly Action[]): JsonObject {
  const ofActions = actions.flatMap((action) => {
    const { examples } = actionView(action);
    const values = Array.isArray(examples) ? examples : [];
    return values.map((value, index): [string, Json] => [
      index === 0 ? action.name : `${action.name}_${index + 1}`,
      { summary: action.summary, value },
    ]);
  });
  return {
    recommendation: {
      summary: 'An action that was recommended, and the alert that it answers',
      value: recommendationExample,
    },
    workflow: { summary: 'A step of a workflow; the timeout is in nanoseconds', value: workflowExample },
    ...Object.fromEntries(ofActions),
  };
}

const recommendationExample = {
  action: { action: 'scale-deployment', parameters: { replicas: 3 }, priority: 1 },
  alert: {
    name: 'HighCPUUsage',
    severity: 'critical',
    namespace: 'production',
    resource: 'deployment/web-server',
    labels: {},
    annotations: {},
  },
};

const workflowExample = {
  action_id: 'wf-7-action-1',
  action: 'scale-deployment',
  workflow_id: 'wf-7',
  parameters: { namespace: 'production', resource_name: 'web-server', replicas: 3 },
  timeout: 120_000_000_000,
  dry_run: false,
};

function actionSchema({ name, summary, refuses, parameters }: Action, common: JsonObject): JsonObject {
  const own = definitionOf(parameters);
  const needed = Array.isArray(own.required) && own.required.length > 0;
  return {
    type: 'object',
    title: name,
    description: [summary, ...refuses.map((what) => `Refuses ${what}.`)].join(' '),
    properties: {
      action: { enum: [...new Set([name, name.replaceAll('_', '-'), camelCase(name)])] },
      parameters: {
        ...own,
        type: needed ? 'object' : ['object', 'null'],
        properties: { ...objectOf(own.properties), ...common },
      },
    },
    required: needed ? ['action', 'parameters'] : ['action'],
  };
}

/** `scale_deployment` is `ScaleDeployment`. */
function schemaName(action: string): string {
  const name = camelCase(action);
  return name.charAt(0).toUpperCase() + name.slice(1);
}

function camelCase(name: string): string {
  return name.replaceAll(/_([a-z])/g, (_match, letter: string) => letter.toUpperCase());
}

function objectOf(value: Json | undefined): JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : {};
}
