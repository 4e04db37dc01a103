import postgres from 'postgres';

const { PostgresError } = postgres;

/** Postgres is away, or too slow to wait for. A write that was under way may or may not have been committed. */
export class DatabaseUnavailable extends Error {
  /** Whether it is sure that nothing was committed. */
  readonly nothingHappened: boolean;

  constructor(message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'DatabaseUnavailable';
    this.nothingHappened = refusals.has(codeOf(cause) ?? '') || codeOf(cause)?.startsWith('53') === true;
  }
}

/** For an error that `isConnectionFault`. A server that answers says itself why it can't. */
export function unavailable(error: unknown): DatabaseUnavailable {
  const said = [error, error instanceof Error ? error.cause : undefined].find((one) => one instanceof PostgresError);
  return new DatabaseUnavailable(
    said ? `PostgreSQL can't do it now: ${said.message}` : 'PostgreSQL can not be reached',
    error,
  );
}

/** From before a statement is sent, or from a server that says that it has not carried it out. */
const refusals = new Set([
  'ECONNREFUSED',
  'CONNECT_TIMEOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ENOENT',
  // Starting up or shutting down; not the primary, or no longer; ended for its time; chosen to end a deadlock.
  '57P03',
  '25006',
  '57014',
  '40P01',
  '40001',
]);

const breaks = new Set([
  'CONNECTION_CLOSED',
  'CONNECTION_ENDED',
  'CONNECTION_DESTROYED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  // Shut down or crashed in the middle of it.
  '57P01',
  '57P02',
]);

/**
 * Whether the driver's error tells of the connection or the server, not of the statement. Class 08 is the connection's,
 * class 53 what the server lacks: connections, memory, room on its disk.
 */
export function isConnectionFault(error: unknown): boolean {
  const code = codeOf(error);
  return code !== undefined && (refusals.has(code) || breaks.has(code) || /^(08|53)/.test(code));
}

/** Whether the server that was reached takes no writes: a standby, or what was the primary until a moment ago. */
export function isReadOnlyFault(error: unknown): boolean {
  return codeOf(error) === '25006';
}

/** Whether the server has taken the whole statement back for the sake of another one: the next try may go through. */
export function isRolledBack(error: unknown): boolean {
  return ['40P01', '40001'].includes(codeOf(error) ?? '');
}

/** The driver's own, or that of what stands between. */
function codeOf(error: unknown): string | undefined {
  return ownCodeOf(error) ?? (error instanceof Error ? ownCodeOf(error.cause) : undefined);
}

function ownCodeOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}
