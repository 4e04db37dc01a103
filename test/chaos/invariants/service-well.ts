import type { Told } from '../caller.ts';
import type { Finding } from '../evidence.ts';
import type { ReplicaPlace } from '../replica.ts';

/** What three idle replicas and a few runs need, several times over. */
const mostMemoryMb = 500;

/** No answer is a 500, no process ends by itself, and none grows without bound. */
export function serviceWell(
  told: readonly Told[],
  replicas: readonly ReplicaPlace[],
  memoryMb: readonly number[],
): Finding[] {
  const answers = told.flatMap((its) => its.answers.map((answer) => ({ its, answer })));
  return [
    {
      invariant: 'no answer is a 500',
      checked: answers.length,
      broken: answers
        .filter(({ answer }) => answer.startsWith('500'))
        .map(({ its, answer }) => ({
          what: `${its.key} (${its.request.action}) was answered ${answer}`,
          ids: [its.id ?? its.key],
        })),
    },
    {
      invariant: 'no process ended by itself',
      checked: replicas.reduce((sum, replica) => sum + replica.starts(), 0),
      broken: replicas.flatMap(({ deaths }) => deaths.map((what) => ({ what, ids: [] }))),
    },
    {
      invariant: `no process above ${mostMemoryMb} MB`,
      checked: memoryMb.length,
      broken: memoryMb.filter((mb) => mb > mostMemoryMb).map((mb) => ({ what: `${Math.round(mb)} MB`, ids: [] })),
    },
  ];
}
