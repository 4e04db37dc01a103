import type { Hono } from 'hono';
import actions from '../functions/actions.ts';
import approvals from '../functions/approvals.ts';
import audit from '../functions/audit.ts';
import controls from '../functions/controls.ts';
import evaluate from '../functions/evaluate.ts';
import execute from '../functions/execute.ts';
import executions from '../functions/executions.ts';
import health from '../functions/health.ts';
import metrics from '../functions/metrics.ts';
import openapi from '../functions/openapi.ts';
import session from '../functions/session.ts';
import status from '../functions/status.ts';
import { mount } from './http/mount.ts';
import type { Runtime } from './http/runtime.ts';

/** Every endpoint in one app: what the server listens with. */
export function gateway(runtime: Runtime): Hono {
  return mount(
    [execute, evaluate, status, executions, approvals, actions, controls, audit, health, metrics, openapi, session].map(
      ({ routes }) => routes,
    ),
    runtime,
  );
}
