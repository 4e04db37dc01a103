import type { execution } from './schema.ts';

/** A row of the table `execution`. What the executor keeps in its JSON columns it alone knows. */
export type Execution = typeof execution.$inferSelect;
