import { startEmbeddedPostgres } from '../../src/platform/postgres-embedded.ts';

// A process of its own that starts PostgreSQL, says what it got in one line of JSON, and stops it when its input ends.
const silent = { debug() {}, info() {}, warn() {}, error() {}, with: () => silent };
const [directory = '', ephemeral] = process.argv.slice(2);

const server = await startEmbeddedPostgres({ directory, log: silent, ephemeral: ephemeral === 'ephemeral' });
process.stdout.write(`${JSON.stringify({ url: server.url, folder: server.folder, joined: server.joined })}\n`);
process.stdin.resume();
await new Promise((resolve) => process.stdin.once('end', resolve));
await server.stop();
