import { expect, test } from 'vitest';

import { startDeadline } from '../../src/kubernetes/deadline.ts';
import { createDiscovery } from '../../src/kubernetes/discovery.ts';

test('a kind that was missing is looked up again after a while', async () => {
  let clock = 0;
  const served = [{ name: 'widgets', kind: 'Widget', namespaced: true }];
  const discover = createDiscovery(
    () => Promise.resolve({ resources: served }),
    () => clock,
  );
  using deadline = deadlineOf();

  await expect(discover('example.com/v1', 'Gadget', deadline)).rejects.toMatchObject({ reason: 'notFound' });
  served.push({ name: 'gadgets', kind: 'Gadget', namespaced: false });
  await expect(discover('example.com/v1', 'Gadget', deadline)).rejects.toMatchObject({ reason: 'notFound' });
  clock = 5_001;

  expect(await discover('example.com/v1', 'Gadget', deadline)).toEqual({
    apiVersion: 'example.com/v1',
    kind: 'Gadget',
    plural: 'gadgets',
    namespaced: false,
  });
});

test('what is remembered has a bound', async () => {
  const asked: string[] = [];
  const discover = createDiscovery((path) => {
    asked.push(path);
    return Promise.resolve({ resources: [{ name: 'widgets', kind: 'Widget', namespaced: true }] });
  });
  using deadline = deadlineOf();

  for (let group = 0; group < 65; group++) await discover(`g${group}.example.com/v1`, 'Widget', deadline);
  await discover('g64.example.com/v1', 'Widget', deadline);
  await discover('g0.example.com/v1', 'Widget', deadline);

  expect(asked).toHaveLength(66);
  expect(asked.at(-1)).toBe('/apis/g0.example.com/v1');
});

function deadlineOf() {
  const deadline = startDeadline(1_000, undefined);
  return Object.assign(deadline, { [Symbol.dispose]: () => deadline.release() });
}
