import { nothing } from '../src/callers/rights.ts';
import { databaseTime } from '../src/database/clock.ts';
import { isKubernetesError } from '../src/kubernetes/errors.ts';
import { defineFunction } from '../src/define-function.ts';
import type { HealthCheck } from '../src/http/runtime.ts';

const patienceMs = 3_000;
/** To find out what it may not takes some two hundred questions: the answers until then say nothing of it. */
const patienceForRightsMs = 10;

/** `GET /health`: what the service needs, and how it is. `/livez`: the process. `/readyz`: whether to send requests. */
export default defineFunction((app, runtime) => {
  const { cluster, database } = runtime.executor;

  app.get('/livez', (c) => c.json({ status: 'alive' }));

  app.get('/readyz', async (c) => {
    if (runtime.stopping()) return c.json({ status: 'stopping' }, 503);
    const { status } = await check(async () => ({ time: (await databaseTime(database)).toISOString() }));
    return c.json({ status: status === 'up' ? 'ready' : 'not_ready' }, status === 'up' ? 200 : 503);
  });

  app.get('/health', async (c) => {
    const [postgres, kubernetes] = await Promise.all([
      check(async () => ({ time: (await databaseTime(database)).toISOString() })),
      check(async () => {
        const { gitVersion } = await cluster.version({ timeoutMs: patienceMs }).catch(untilWhen);
        return { version: gitVersion, sandbox: gitVersion.includes('+sandbox') };
      }),
    ]);
    const healthy = postgres.status === 'up' && kubernetes.status === 'up';
    const status = healthy ? 'healthy' : 'unhealthy';
    // What it needs, and what is wrong with it, is for those who may call.
    if (c.get('rights') === nothing) return c.json({ status }, healthy ? 200 : 503);
    const missing = kubernetes.status === 'up' ? await inTime(runtime.missingRights.find()) : [];
    const checks = { database: postgres, cluster: { ...kubernetes, name: cluster.name, server: cluster.server } };
    return c.json(
      {
        status,
        cluster: cluster.name,
        ...runtime.version,
        checks,
        warnings: [...runtime.warnings, ...missing],
      },
      healthy ? 200 : 503,
    );
  });

  /** When to look again, by the clock that all times of this service go by. */
  function untilWhen(error: unknown): never {
    const open = isKubernetesError(error, 'circuitOpen') ? cluster.circuit() : undefined;
    if (!open) throw error;
    const until = new Date(runtime.executor.now().getTime() + open.retryAfterMs);
    throw new Error(`circuit open until ${until.toISOString()}: ${open.reason}`);
  }
});

/** What is not known in time is told of with one of the next answers. */
async function inTime(asked: Promise<readonly string[]>): Promise<readonly string[]> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<readonly string[]>((resolve) => {
    timer = setTimeout(() => resolve([]), patienceForRightsMs);
  });
  return await Promise.race([asked, late]).finally(() => clearTimeout(timer));
}

async function check(ask: () => Promise<Record<string, unknown>>): Promise<HealthCheck> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<HealthCheck>((resolve) => {
    timer = setTimeout(
      () => resolve({ status: 'down', detail: `no answer within ${patienceMs / 1000} s` }),
      patienceMs,
    );
  });
  const asked = ask().then(
    (facts): HealthCheck => ({ status: 'up', ...facts }),
    (error: unknown): HealthCheck => ({
      status: 'down',
      detail: error instanceof Error ? error.message : String(error),
    }),
  );
  return await Promise.race([asked, late]).finally(() => clearTimeout(timer));
}
