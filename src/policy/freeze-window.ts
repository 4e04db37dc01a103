import type { RuleSettings } from '../config/rule-settings.ts';
import { nextAfter } from '../text/cron.ts';
import { inNamespaces } from './in-namespaces.ts';
import { type Rule, takesEffect } from './rule.ts';

type Window = RuleSettings['freeze_window']['windows'][number];

const mostWindows = 1_000;

/** At some times nothing is changed: what is asked for is refused until no window is open any more. */
export const freezeWindow: Rule = {
  name: 'freeze_window',
  denies: 'Changes while one of `windows` is open.',
  codes: ['policy_denied'],
  permissions: [],
  onlyRuns: true,

  async judge({ plan, namespace, settings, beginsAt }) {
    if (!takesEffect(plan)) return undefined;
    const windows = settings.freeze_window.windows.filter(({ namespaces }) => inNamespaces(namespace, namespaces));
    const open = windows.filter((window) => endOf(window, beginsAt));
    if (open.length === 0) return undefined;
    const names = open.map(({ name }) => name).join(' and ');
    const retryAt = untilNoneIsOpen(windows, beginsAt);
    return {
      verdict: 'deny',
      code: 'policy_denied',
      reason: `${names} ${open.length === 1 ? 'is a window' : 'are windows'} in which nothing is changed in ${namespace ?? 'the cluster as a whole'}, until ${retryAt.toISOString()}`,
      hint: 'Ask again at retry_at, or with not_before to have it wait; safety.rules.freeze_window in the settings holds the windows',
      retryAt,
    };
  },
};

/** When the window that is open at that moment ends; undefined: it is not open. */
function endOf({ schedule, time_zone: timeZone, duration: durationMs }: Window, moment: Date): Date | undefined {
  // What began a whole duration ago is over just now.
  const start = nextAfter({ schedule, timeZone }, new Date(moment.getTime() - durationMs));
  return start <= moment ? new Date(start.getTime() + durationMs) : undefined;
}

/** One may begin before another ends. Of windows that never all end it is a moment far away. */
function untilNoneIsOpen(windows: readonly Window[], from: Date): Date {
  let moment = from;
  for (let looked = 0; looked < mostWindows; looked += 1) {
    const ends = windows.flatMap((window) => endOf(window, moment) ?? []);
    const last = Math.max(...ends.map((end) => end.getTime()));
    if (!(last > moment.getTime())) return moment;
    moment = new Date(last);
  }
  return moment;
}
