import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';

import type { ClusterAccess, ExecPlugin, Material } from './kubernetes-access.ts';

/**
 * Reads kubeconfig files as kubectl does: several paths are merged, the first that names a thing wins, files that don't
 * exist are passed over, relative paths start at the file that holds them. Throws an Error that names file and field.
 *
 * Not by KubeConfig of @kubernetes/client-node: it brings the generated API (17 MB and 50 ms of the bundle), reads
 * `token-file` where kubeconfigs say `tokenFile`, and its plug-ins get no KUBERNETES_EXEC_INFO, no time limit and
 * no second run after a 401.
 */
export async function readKubeConfig(paths: string[], context?: string): Promise<ClusterAccess> {
  const read = await Promise.all(paths.map((path) => readOne(resolve(path))));
  const configs = read.filter((config) => config !== undefined);
  const named = `kubeconfig ${paths.join(', ')}`;
  if (configs.length === 0) throw new Error(`${named}: no such file`);

  const contextName = context ?? firstOf(configs, (config) => config['current-context'] || undefined);
  if (!contextName) throw new Error(`${named}: no current-context; set one, or name a context`);
  const chosen = firstOf(configs, (config) => config.contexts.find((entry) => entry.name === contextName)?.context);
  if (!chosen) {
    const names = configs.flatMap((config) => config.contexts.map((entry) => entry.name));
    throw new Error(`${named}: no context "${contextName}"; it has ${names.join(', ') || 'none'}`);
  }
  const cluster = firstOf(configs, (config) => config.clusters.find((entry) => entry.name === chosen.cluster)?.cluster);
  if (!cluster) throw new Error(`${named}: no cluster "${chosen.cluster}", which context "${contextName}" names`);
  const user = firstOf(configs, (config) => config.users.find((entry) => entry.name === chosen.user)?.user);
  if (chosen.user && !user) throw new Error(`${named}: no user "${chosen.user}", whom context "${contextName}" names`);
  return { name: chosen.cluster, ...cluster, ...user };
}

const text = z.string().nullish().transform((value) => value || undefined);
const list = <T extends z.ZodType>(item: T) => z.array(item).nullish().transform((items) => items ?? []);

const execPlugin = z.object({
  apiVersion: z.string().default('client.authentication.k8s.io/v1'),
  command: z.string().min(1),
  args: list(z.string()),
  env: list(z.object({ name: z.string(), value: z.string() })),
  provideClusterInfo: z.boolean().nullish(),
  interactiveMode: z.string().nullish(),
  installHint: text,
});

const clusterFields = z.object({
  server: z.url({ protocol: /^https?$/ }),
  'certificate-authority': text,
  'certificate-authority-data': text,
  'insecure-skip-tls-verify': z.boolean().nullish(),
  'tls-server-name': text,
  'proxy-url': text,
});

const userFields = z.object({
  'client-certificate': text,
  'client-certificate-data': text,
  'client-key': text,
  'client-key-data': text,
  token: text,
  tokenFile: text,
  username: text,
  password: text,
  as: text,
  'as-groups': list(z.string()),
  exec: execPlugin.nullish(),
  'auth-provider': z.unknown().optional(),
});

/** With the paths made absolute; an unknown field is another client's. */
function kubeConfigIn(folder: string) {
  const material = (path: string | undefined, data: string | undefined): Material | undefined => {
    if (data) return { text: Buffer.from(data, 'base64').toString('utf8') };
    return path ? { file: resolve(folder, path) } : undefined;
  };

  return z.object({
    'current-context': text,
    contexts: list(z.object({ name: z.string(), context: z.object({ cluster: z.string(), user: text }) })),
    clusters: list(
      z.object({
        name: z.string(),
        cluster: clusterFields.transform((fields) => ({
          server: fields.server,
          proxyUrl: fields['proxy-url'],
          tlsServerName: fields['tls-server-name'],
          skipTlsVerify: fields['insecure-skip-tls-verify'] ?? false,
          authority: material(fields['certificate-authority'], fields['certificate-authority-data']),
        })),
      }),
    ),
    users: list(
      z.object({
        name: z.string(),
        user: userFields.transform((fields, checked) => {
          for (const message of unsupported(fields)) checked.addIssue({ code: 'custom', message });
          return {
            certificate: material(fields['client-certificate'], fields['client-certificate-data']),
            key: material(fields['client-key'], fields['client-key-data']),
            // As client-go has it: of the two, the file is the one that is kept fresh.
            token: fields.tokenFile ? { file: resolve(folder, fields.tokenFile) } : fields.token ? { text: fields.token } : undefined,
            basic: fields.username ? { username: fields.username, password: fields.password ?? '' } : undefined,
            impersonate: fields.as,
            exec: fields.exec ? pluginIn(folder, fields.exec) : undefined,
          };
        }),
      }),
    ),
  });
}

type KubeConfig = z.output<ReturnType<typeof kubeConfigIn>>;

function* unsupported(fields: z.output<typeof userFields>): Generator<string> {
  if (fields['auth-provider']) yield 'auth-provider was removed from Kubernetes; use an exec plugin';
  if (fields['as-groups'].length > 0) yield 'as-groups is not supported; give the user its own credentials';
  if (fields.exec?.interactiveMode === 'Always') yield `exec: ${fields.exec.command} needs a terminal, and there is none`;
}

function pluginIn(folder: string, fields: z.output<typeof execPlugin>): ExecPlugin {
  const { apiVersion, args, installHint } = fields;
  return {
    apiVersion,
    // A bare name is looked up in PATH.
    command: fields.command.includes('/') ? resolve(folder, fields.command) : fields.command,
    args,
    env: Object.fromEntries(fields.env.map(({ name, value }) => [name, value])),
    provideClusterInfo: fields.provideClusterInfo ?? false,
    installHint,
  };
}

async function readOne(path: string): Promise<KubeConfig | undefined> {
  let content: string;
  try {
    content = await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw new Error(`kubeconfig ${path} can't be read`, { cause: error });
  }
  const checked = kubeConfigIn(dirname(path)).safeParse(parseYaml(path, content) ?? {});
  if (checked.success) return checked.data;
  // Paths and reasons only: the values may be secrets.
  const faults = checked.error.issues.map((issue) => `${issue.path.join('.') || 'the file'}: ${issue.message}`);
  throw new Error(`kubeconfig ${path}: ${faults.join('; ')}`);
}

function parseYaml(path: string, content: string): unknown {
  try {
    return parse(content);
  } catch {
    // The parser's message quotes the line, which may be a secret.
    throw new Error(`kubeconfig ${path} is not valid YAML`);
  }
}

function firstOf<T>(configs: KubeConfig[], pick: (config: KubeConfig) => T | undefined): T | undefined {
  for (const config of configs) {
    const found = pick(config);
    if (found !== undefined) return found;
  }
  return undefined;
}
