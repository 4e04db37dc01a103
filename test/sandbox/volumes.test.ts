import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Answer, MERGE, type Home, eventually, homeOn, sandboxServer } from './servers.ts';

// The tests' real cluster has nothing that makes or grows volumes.
const sandbox = await sandboxServer();
let home: Home;
let claims: string;

beforeAll(async () => {
  home = await homeOn(sandbox, 'volumes');
  claims = `/api/v1/namespaces/${home.namespace}/persistentvolumeclaims`;
}, 30_000);

afterAll(async () => {
  await home.clear();
  await sandbox.close();
}, 60_000);

const get = (name: string): Promise<Answer> => sandbox.call('GET', `${claims}/${name}`);
const claim = (name: string, storageClassName: string): Promise<Answer> =>
  sandbox.call('POST', claims, {
    body: {
      metadata: { name },
      spec: { storageClassName, accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
    },
  });
const grow = (name: string, storage: string): Promise<Answer> =>
  sandbox.call('PATCH', `${claims}/${name}`, {
    contentType: MERGE,
    body: { spec: { resources: { requests: { storage } } } },
  });

test('a claim of the standard class is given a volume, grows, and takes its volume with it', async () => {
  await claim('data', 'standard');
  const bound = await eventually(
    () => get('data'),
    ({ body }) => body.status.phase === 'Bound',
  );

  const asked = await grow('data', '2Gi');
  const resizing = await eventually(
    () => get('data'),
    ({ body }) => body.status.conditions?.[0]?.type === 'Resizing',
  );
  const grown = await eventually(
    () => get('data'),
    ({ body }) => body.status.capacity.storage === '2Gi',
  );
  const volume = `/api/v1/persistentvolumes/${bound.body.spec.volumeName}`;
  const held = await sandbox.call('GET', volume);
  await sandbox.call('DELETE', `${claims}/data`);
  await eventually(
    () => sandbox.call('GET', volume),
    ({ status }) => status === 404,
  );

  expect(bound.body.status.capacity).toEqual({ storage: '1Gi' });
  expect(asked.status).toBe(200);
  expect(resizing.body.status.capacity).toEqual({ storage: '1Gi' });
  expect(grown.body.status.conditions).toBeUndefined();
  expect(held.body.spec).toMatchObject({ capacity: { storage: '2Gi' }, claimRef: { name: 'data' } });
});

test('a claim of the fixed class stays as it is', async () => {
  await claim('small', 'fixed');
  await eventually(
    () => get('small'),
    ({ body }) => body.status.phase === 'Bound',
  );

  const refused = await grow('small', '2Gi');

  expect({ status: refused.status, message: refused.body.message }).toEqual({
    status: 403,
    message:
      'persistentvolumeclaims "small" is forbidden: only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize',
  });
});
