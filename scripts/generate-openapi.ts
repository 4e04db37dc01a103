import { readFileSync, writeFileSync } from 'node:fs';
import { actions } from '../src/actions/registry.ts';
import { openApiDocument } from '../src/http/openapi.ts';

/** Writes docs/openapi.json: what GET /openapi.json answers. */
const { version }: { version: string } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
writeFileSync(
  new URL('../docs/openapi.json', import.meta.url),
  `${JSON.stringify(openApiDocument({ actions, version }), null, 2)}\n`,
);
