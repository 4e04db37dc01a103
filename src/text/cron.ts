import { CronExpressionParser } from 'cron-parser/dist/CronExpressionParser.js';

/** A schedule as cron has it, in a time zone. */
export interface CronSchedule {
  schedule: string;
  timeZone: string;
}

/** When it comes round next after that moment. By summer time's first night what would be skipped is an hour later. */
export function nextAfter({ schedule, timeZone }: CronSchedule, moment: Date): Date {
  return CronExpressionParser.parse(schedule, { tz: timeZone, currentDate: moment }).next().toDate();
}

/** Five fields (minute, hour, day of month, month, day of week) that some moment fulfils; the parser takes more and fewer. */
export function isCronSchedule(schedule: string): boolean {
  if (schedule.trim().split(/\s+/).length !== 5 || schedule.includes('H')) return false;
  try {
    nextAfter({ schedule, timeZone: 'UTC' }, new Date(0));
    return true;
  } catch {
    return false;
  }
}

/** A name of the IANA database that this runtime knows, such as Europe/Berlin. */
export function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}
