import type { Json } from './object.ts';
import { listAt, numberAt, textAt, valueAt } from './value-at.ts';

/** What keeps pods off a node, or drives them from it. A node has one of each key and effect. */
export interface Taint {
  key: string;
  effect: string;
  value?: string;
}

/** The taints of a node, as they stand in its spec. */
export function taintsOf(node: unknown): Taint[] {
  return listAt(node, ['spec', 'taints']).map(taintFrom);
}

/** A taint in an edit's value. */
export function taintFrom(value: Json): Taint {
  const text = textAt(value, ['value']);
  return {
    key: textAt(value, ['key']) ?? '',
    effect: textAt(value, ['effect']) ?? '',
    ...(text ? { value: text } : {}),
  };
}

/** `dedicated=gpu:NoSchedule`, as kubectl writes it. */
export function describeTaint({ key, value, effect }: Taint): string {
  return `${key}${value ? `=${value}` : ''}:${effect}`;
}

/** Whether they are one to the API server, whatever their values. */
export function sameTaint(a: Pick<Taint, 'key' | 'effect'>, b: Pick<Taint, 'key' | 'effect'>): boolean {
  return a.key === b.key && a.effect === b.effect;
}

/** Whether it keeps a pod that tolerates nothing off the node. */
export function keepsPodsOff({ effect }: Taint): boolean {
  return effect === 'NoSchedule' || effect === 'NoExecute';
}

/**
 * Whether a pod of that spec (or template) may be where the taint is. A toleration without a key tolerates every key,
 * one without an effect every effect. With `stay`, one that ends after `tolerationSeconds` does not count.
 */
export function tolerates(podSpec: unknown, taint: Taint, { stay = false }: { stay?: boolean } = {}): boolean {
  return listAt(podSpec, ['tolerations']).some((toleration) => {
    const key = textAt(toleration, ['key']) ?? '';
    const effect = textAt(toleration, ['effect']) ?? '';
    const exists = textAt(toleration, ['operator']) === 'Exists';
    if (effect !== '' && effect !== taint.effect) return false;
    if (key === '' ? !exists : key !== taint.key) return false;
    if (!exists && (textAt(toleration, ['value']) ?? '') !== (taint.value ?? '')) return false;
    const ends =
      valueAt(toleration, ['tolerationSeconds']) !== undefined && numberAt(toleration, ['tolerationSeconds']) >= 0;
    return !(stay && ends);
  });
}
