import { expect } from 'vitest';
import { type Container, openContainer } from './exec-ground.ts';
import type { Ground } from './ground.ts';
import type { Effect, Refused, Scenarios } from './scenario.ts';

export const scenarios: Scenarios = {
  effects: {
    'the live objects of a JVM, in a file that is named': async (ground) => {
      const container = await openContainer(ground);
      const output = `${container.folder}/heap.hprof`;
      return dumped(container, { output_path: output }, output);
    },
    'the whole heap, in a file of its own name': async (ground) => {
      const container = await openContainer(ground);
      return dumped(container, { live_objects_only: false }, /^\/tmp\/heap-[0-9a-f-]{36}\.hprof$/);
    },
  },
  refusals: {
    'a container without a JVM': async (ground) => {
      const { pod: target } = await openContainer(ground);
      return { target, parameters: {}, code: 'not_supported', detail: /No JVM runs|runs no JVM/, whileRunning: true };
    },
    'a path outside the list': (ground) => pathRefused(ground, '/etc/heap.hprof', 'policy_denied', /is outside.*\/tmp/),
    'a path with ..': (ground) => pathRefused(ground, '/tmp/../etc/x', 'validation_failed', /must not contain \./),
    'a path that jmap would read as options': (ground) =>
      pathRefused(ground, '/tmp/x,live', 'validation_failed', /absolute path/),
    'more than one container': async (ground) => ({
      target: await ground.barePod({
        spec: { containers: ['app', 'side'].map((name) => ({ name, image: 'registry.example/app:1' })) },
      }),
      parameters: {},
      code: 'precondition_failed',
      detail: /more than one container: app, side/,
    }),
  },
  unusedPermissions: {
    'create pods/exec.': 'the API server asks for it where a WebSocket is opened, and logs the get alone',
  },
};

async function pathRefused(ground: Ground, output_path: string, code: string, detail: RegExp): Promise<Refused> {
  return { target: await ground.barePod(), parameters: { output_path }, code, detail };
}

async function dumped(
  container: Container,
  parameters: Record<string, unknown>,
  path: string | RegExp,
): Promise<Effect> {
  const jvm = await container.jvm();
  return {
    target: container.pod,
    parameters,
    notVerified: true,
    see: async ({ result: { heap_dump: dump } }) => {
      expect(dump.path).toMatch(path);
      expect((await container.run('stat', '-c', '%s', dump.path)).trim()).toBe(String(dump.bytes));
      expect(await container.run('head', '-c', '18', dump.path)).toBe('JAVA PROFILE 1.0.2');
      await container.run('rm', dump.path);
      await jvm.stop();
    },
  };
}
