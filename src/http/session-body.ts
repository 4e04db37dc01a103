import * as z from 'zod';

/** What a browser logs in with. */
export const SessionBody = z
  .strictObject({ token: z.string().min(1).max(16_384).describe('As it would stand behind Authorization: Bearer') })
  .meta({ id: 'SessionBody' });
