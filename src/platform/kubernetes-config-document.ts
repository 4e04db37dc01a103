import { parse } from 'yaml';
import * as z from 'zod';

/**
 * The text of a kubeconfig, checked before KubeConfig sees it, which checks no types: a number for a server is
 * `elt.cluster.server.replace is not a function` there, a map for a list is an empty list, and what is wrong with the YAML
 * is told with the line, which may hold a token. Throws an Error that names the file and the field, never a value.
 */
export function parseKubeConfigDocument(path: string, content: string): KubeConfigDocument {
  const checked = kubeConfigDocument.safeParse(parseYaml(path, content) ?? {});
  if (checked.success) return checked.data;
  const faults = checked.error.issues.map((issue) => `${issue.path.join('.') || 'the file'}: ${issue.message}`);
  throw new Error(`kubeconfig ${path}: ${faults.join('; ')}`);
}

const name = z.string().min(1);
const text = z.string().nullish();
const list = <T extends z.ZodType>(item: T) =>
  z
    .array(item)
    .nullish()
    .transform((items) => items ?? []);

/** A program that prints credentials. */
export const execFields = z.object({
  apiVersion: z.string().default('client.authentication.k8s.io/v1'),
  command: name,
  args: list(z.string()),
  env: list(z.object({ name, value: z.string() })),
  provideClusterInfo: z.boolean().nullish(),
  interactiveMode: text,
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
  // KubeConfig would read it at once, from the working directory.
  'token-file': z.undefined({ error: 'kubeconfigs call it tokenFile' }).optional(),
  username: text,
  password: text,
  as: text,
  'as-uid': text,
  'as-groups': list(z.string()),
  'as-user-extra': z.record(z.string(), z.unknown()).nullish(),
  exec: execFields.nullish(),
  'auth-provider': z.unknown().optional(),
});

/** The fields that are used; an unknown one is another client's. */
const kubeConfigDocument = z.object({
  'current-context': text,
  contexts: list(z.object({ name, context: z.object({ cluster: name, user: text }) })),
  clusters: list(z.object({ name, cluster: clusterFields })),
  users: list(z.object({ name, user: userFields.nullish() })),
});
export type KubeConfigDocument = z.output<typeof kubeConfigDocument>;
export type UserFields = z.output<typeof userFields>;

function parseYaml(path: string, content: string): unknown {
  try {
    return parse(content);
  } catch {
    // The parser's message quotes the line.
    throw new Error(`kubeconfig ${path} is not valid YAML`);
  }
}
