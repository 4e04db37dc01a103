import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { actions, closestActions, findAction } from '../../src/actions/registry.ts';
import { findKind } from '../../src/kubernetes/kinds.ts';

describe('the name of an action', () => {
  test.each(['scale_deployment', 'scale-deployment', 'scaleDeployment', 'ScaleDeployment', ' scale_deployment '])(
    '%j is known',
    (word) => {
      expect(findAction(word)?.name).toBe('scale_deployment');
    },
  );

  test.each(['scale', 'scale_deployments', 'deployment_scale', '', '__proto__', 'constructor'])(
    '%j is not guessed at',
    (word) => {
      expect(findAction(word)).toBeUndefined();
    },
  );

  test.each([
    ['scale_deploymnt', 'scale_deployment'],
    ['restartDeploy', 'restart_deployment'],
    ['cordon', 'cordon_node'],
    ['reboot-pod', 'restart_pod'],
    ['notify', 'notify_only'],
  ])('%s leads to %s', (word, expected) => {
    expect(closestActions(word)).toContain(expected);
  });

  test('of nothing alike leads nowhere', () => {
    expect(closestActions('x'.repeat(100_000))).toEqual([]);
  });
});

describe.each(actions.map((action) => [action.name, action] as const))('%s', (name, action) => {
  test('has a name of its own in snake_case, built-in targets and a schema that people can be shown', () => {
    expect(name).toMatch(/^[a-z]+(_[a-z]+)+$/);
    expect(actions.filter((other) => other.name === name)).toHaveLength(1);
    for (const kind of action.targets) expect(findKind(kind)?.kind).toBe(kind);
    const schema = z.toJSONSchema(action.parameters, { io: 'input' });
    expect(schema).toMatchObject({ type: 'object', additionalProperties: false });
    for (const property of Object.values(schema.properties ?? {})) expect(property).toHaveProperty('description');
  });

  test('shows every default that it has', () => {
    const { properties = {} } = z.toJSONSchema(action.parameters, { io: 'input' });
    for (const { parameters } of action.examples) {
      const parsed = z.record(z.string(), z.unknown()).parse(action.parameters.parse(parameters));

      const added = Object.keys(parsed).filter((key) => parsed[key] !== undefined && !Object.hasOwn(parameters, key));
      for (const key of added) expect(properties[key]).toHaveProperty('default');
    }
  });

  test('has examples that its own schema accepts', () => {
    expect(action.examples.length).toBeGreaterThan(0);
    for (const { target, parameters } of action.examples) {
      expect(action.parameters.safeParse(parameters).error).toBeUndefined();
      const kind = target && findKind(target.split('/').at(-2) ?? '')?.kind;
      expect(kind === undefined ? action.targetOptional : action.targets.includes(kind)).toBe(true);
    }
  });

  test('refuses a parameter that it does not know', () => {
    const [example] = action.examples;
    const parsed = action.parameters.safeParse({ ...example?.parameters, color: 'red' });

    expect(parsed.error?.issues).toMatchObject([{ code: 'unrecognized_keys', keys: ['color'] }]);
  });
});

describe('a whole number', () => {
  const parse = (replicas: unknown) => findAction('scale_deployment')?.parameters.safeParse({ replicas });

  test.each([0, 1000, '0', '3', '1000'])('may be %j', (replicas) => {
    expect(parse(replicas)?.data).toEqual({ replicas: Number(replicas), override_hpa: false });
  });

  test.each([
    -1,
    1001,
    2.9,
    '-1',
    '2.9',
    '1e3',
    '0x10',
    ' 3',
    '',
    'NaN',
    Number.NaN,
    Number.POSITIVE_INFINITY,
    null,
    true,
    [3],
    {},
  ])('may not be %j', (replicas) => {
    expect(parse(replicas)?.success).toBe(false);
  });

  test('of a revision is at least 1', () => {
    const schema = findAction('rollback_deployment')?.parameters;

    expect([-1, 0, '-1', 1.5].map((revision) => schema?.safeParse({ revision }).success)).toEqual([
      false,
      false,
      false,
      false,
    ]);
    expect(schema?.safeParse({ revision: '4' }).data).toEqual({ revision: 4 });
  });
});

describe('a time range', () => {
  const parse = (time_range: unknown) => findAction('collect_diagnostics')?.parameters.safeParse({ time_range });

  test.each([
    ['1h', 3_600_000],
    ['90s', 90_000],
    ['1h30m', 5_400_000],
    ['7d', 604_800_000],
  ])('may be %s', (text, ms) => {
    expect(parse(text)?.data).toMatchObject({ time_range: ms });
  });

  test.each(['8d', '0s', '1ms', '-1h', '1', 'forever', '', 3600])('may not be %j', (text) => {
    expect(parse(text)?.success).toBe(false);
  });

  test('is an hour where none is given', () => {
    expect(parse(undefined)?.data).toMatchObject({ time_range: 3_600_000, tail_lines: 200, include_logs: true });
  });
});
