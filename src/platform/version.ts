import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Replaced by the bundler; absent when the sources run as they are. */
declare const BUILD: { version: string; commit: string } | undefined;

/** What is running. */
export const version = typeof BUILD === 'undefined' ? fromPackage() : BUILD;

/** The migrations stand beside the bundle, or at the root of the sources. */
export const migrationsFolder = fileURLToPath(
  new URL(typeof BUILD === 'undefined' ? '../../drizzle' : './drizzle', import.meta.url),
);

function fromPackage(): { version: string; commit: string } {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  const read: unknown = JSON.parse(text);
  const found = typeof read === 'object' && read !== null && 'version' in read ? String(read.version) : '0.0.0';
  return { version: found, commit: 'source' };
}
