import { ConfigFaults } from './fault.ts';
import { loadSettings } from './load-config.ts';
import { maskUrl } from './mask-url.ts';
import { printSettings } from './print-settings.ts';
import { processSources } from './process-sources.ts';

try {
  const { config, given } = loadSettings(processSources());
  const { connection: database } = config.database;
  const { connection: kubernetes } = config.kubernetes;
  process.stdout.write(printSettings(given));
  process.stdout.write(
    `# database: ${database.kind === 'url' ? maskUrl(database.url) : `embedded, in ${database.directory}`}\n`,
  );
  process.stdout.write(
    `# cluster: ${kubernetes.kind === 'kubeconfig' ? kubernetes.paths.join(', ') : kubernetes.kind}\n`,
  );
} catch (error) {
  if (!(error instanceof ConfigFaults)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
