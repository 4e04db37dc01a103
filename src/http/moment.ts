import * as z from 'zod';

/** A time that PostgreSQL can tell as well: from year 1 to year 9999. */
export const Moment = z.iso.datetime({ offset: true }).refine((text) => {
  const ms = Date.parse(text);
  return ms >= Date.parse('0001-01-01T00:00:00Z') && ms < Date.parse('+010000-01-01T00:00:00Z');
}, 'must be a time of the years 1 to 9999');
