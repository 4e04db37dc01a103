import type { Fault } from './fault.ts';
import type { GivenValue } from './given-value.ts';
import type { Settings } from './settings.ts';

/** Which database: an embedded PostgreSQL with its data in a folder, or the one at a URL (with its password). */
export type DatabaseConnection =
  | { kind: 'embedded'; directory: string }
  /** `adminUrl`: the same database for whoever changes its schema. */
  | { kind: 'url'; url: string; adminUrl?: string };

/** Below the working directory. */
const embeddedDirectory = '.data/postgres';

/**
 * `url` or `host` mean a database of one's own; without them it is the embedded one, also where `name` and `user` are given.
 * Where both are given, the one from the environment wins over the one from the file.
 */
export function databaseConnection(
  database: Settings['database'],
  given: ReadonlyMap<string, GivenValue>,
): { connection: DatabaseConnection; faults: Fault[] } {
  const url = given.get('database.url');
  const host = given.get('database.host');
  const faults: Fault[] = [];
  if (url && host && url.from === host.from) {
    faults.push({
      where: host.where,
      problem: `executor.database.host and executor.database.url (${url.where}) are both given`,
      allowed: 'one of the two',
    });
  }
  const adminUrl = database.admin_url;
  const admin = adminUrl === undefined ? {} : { adminUrl };
  const adminUrlGiven = given.get('database.admin_url');
  if (adminUrl !== undefined && !URL.canParse(adminUrl)) {
    faults.push({
      where: adminUrlGiven?.where ?? 'database.admin_url',
      problem: 'executor.database.admin_url is not a URL',
      allowed: adminUrlGiven?.setting.allowed,
    });
  }
  if (database.url !== undefined && !(host?.from === 'environment' && url?.from === 'file')) {
    if (!URL.canParse(database.url))
      faults.push({
        where: url?.where ?? 'database.url',
        problem: 'executor.database.url is not a URL',
        allowed: url?.setting.allowed,
      });
    return { connection: { kind: 'url', url: database.url, ...admin }, faults };
  }
  if (database.host !== undefined) {
    const built = urlOf({ ...database, host: database.host });
    return { connection: { kind: 'url', url: built, ...admin }, faults };
  }
  if (adminUrl !== undefined) {
    faults.push({
      where: adminUrlGiven?.where ?? 'database.admin_url',
      problem: 'executor.database.admin_url is given, but neither executor.database.url nor executor.database.host',
      allowed: 'admin_url beside one of the two',
    });
  }
  return { connection: { kind: 'embedded', directory: embeddedDirectory }, faults };
}

function urlOf(database: { host: string; port: number; name: string; user: string; password?: string }): string {
  const { host, port, name, user, password } = database;
  const credentials =
    password === undefined ? encodeURIComponent(user) : `${encodeURIComponent(user)}:${encodeURIComponent(password)}`;
  return `postgres://${credentials}@${host.includes(':') ? `[${host}]` : host}:${port}/${encodeURIComponent(name)}`;
}
