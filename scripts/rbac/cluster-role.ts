import type { Need } from '../../src/executor/needed-permissions.ts';

export interface ClusterRoleText {
  /** What line one says about where this comes from. */
  origin: string;
  needs: readonly Need[];
}

/** The ClusterRole that allows just that: one rule for each resource, with the names of those who need it above. */
export function clusterRole({ origin, needs }: ClusterRoleText): string {
  const byResource = Map.groupBy(needs, ({ apiGroup, resource }) => `${apiGroup}/${resource}`);
  const rules = [...byResource].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, needsOfOne]) => rule(needsOfOne));
  return `# ${origin}
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata:
  name: executor-service
  labels:
    app.kubernetes.io/name: executor-service
    app.kubernetes.io/component: executor
    app.kubernetes.io/part-of: kubernaut
rules:
${rules.join('')}`;
}

/** As the API's own documentation orders them: those that read, then those that write. */
const verbOrder = ['get', 'list', 'watch', 'create', 'update', 'patch', 'delete'];

function rule(needs: readonly Need[]): string {
  const [first] = needs;
  if (!first) return '';
  const given = new Set(needs.map(({ verb }) => verb));
  const verbs = [...given].sort((a, b) => verbOrder.indexOf(a) - verbOrder.indexOf(b));
  const by = [...new Set(needs.map((need) => need.by))];
  return `${comment(by)}  - apiGroups: [${first.apiGroup || '""'}]
    resources: [${first.resource}]
    verbs: [${verbs.join(', ')}]
`;
}

const widest = 110;

function comment(names: readonly string[]): string {
  const lines: string[] = [];
  for (const [index, name] of names.entries()) {
    const text = index < names.length - 1 ? `${name},` : name;
    const line = lines.at(-1);
    if (line !== undefined && line.length + text.length < widest) lines[lines.length - 1] = `${line} ${text}`;
    else lines.push(`  # ${text}`);
  }
  return lines.map((line) => `${line}\n`).join('');
}
