/** A folder of `src/`, a file of its own there (`json.ts`), or `functions`. */
export type Folder = keyof typeof mayImport;

const bottom = ['json.ts', 'text', 'config', 'telemetry', 'database'] as const;
const core = ['kubernetes', 'changes', 'actions', 'policy', 'impact', 'callers', 'executor', 'approvals'] as const;

/**
 * Who may import whom, types included: a folder, and all that it may use beside itself. Imports go down, never up and
 * never in a circle. What has no line here is the top (runtime, server, gateway, platform, observers) and may import
 * everything.
 */
export const mayImport = {
  'json.ts': [],
  text: [],
  config: ['text'],
  telemetry: ['config', 'text', 'json.ts'],
  database: ['json.ts'],
  kubernetes: ['json.ts', 'text'],
  changes: ['kubernetes', 'json.ts', 'text'],
  actions: ['changes', 'kubernetes', 'telemetry', 'json.ts', 'text'],
  policy: ['actions', 'changes', 'kubernetes', 'config', 'json.ts', 'text'],
  impact: ['policy', 'actions', 'changes', 'kubernetes', 'json.ts', 'text'],
  callers: ['actions', 'kubernetes', 'config', 'json.ts', 'text'],
  executor: ['callers', 'impact', 'policy', 'actions', 'changes', 'kubernetes', ...bottom],
  approvals: ['executor', 'callers', 'impact', 'policy', 'actions', 'changes', 'kubernetes', ...bottom],
  http: [...core, ...bottom],
  functions: ['http', 'define-function.ts', ...core, ...bottom],
  sandbox: ['kubernetes', 'json.ts'],
} as const;

/** At the top: they put the rest together. */
type Top = 'observers' | 'platform' | 'runtime.ts' | 'gateway.ts' | 'server.ts' | 'define-function.ts';

/** Where code belongs that needs a folder: the message of the linter. */
export const belongs: Record<Folder | Top, string> = {
  'json.ts': 'json.ts is for everyone but text and config, which know only text.',
  text: 'text/ is for everyone but json.ts.',
  config:
    'Settings are parsed in config/ and handed in: take the value as an argument, and pass it from executor/ or runtime.ts.',
  telemetry: 'Take an observer as an argument; observers/ turns what it is told into spans, metrics and log lines.',
  database: 'SQL and rows stay in database/; what needs both the database and the cluster belongs in executor/.',
  kubernetes:
    'Calls to the API server stay in kubernetes/; what needs both the cluster and the database belongs in executor/.',
  changes: 'What is done to the cluster is a change in changes/, sent by executor/.',
  actions:
    'An action is planned by executor/, which finds it in the registry; what several of them need belongs in changes/ or kubernetes/.',
  policy: 'A rule is asked by executor/; a condition of one action alone belongs in that action.',
  impact: 'Who is touched by a plan is read in impact/, for evaluations and approvals; executor/ asks for it.',
  callers:
    'Who is calling, and what they may, is found in callers/; executor/ and http/ ask the Rights that they are handed.',
  executor: 'What carries plans out is called from approvals/, http/ and functions/ only.',
  approvals: 'Deciding is called from http/ and functions/; asking is a part of the way of a run, in executor/.',
  http: 'What knows HTTP belongs in http/ or functions/; below, throw a Refusal and let http/ make the problem of it.',
  functions: 'An endpoint imports what it needs; nothing but gateway.ts and server.ts imports an endpoint.',
  sandbox: 'The sandbox is a cluster like any other: talk to it over HTTP. Only platform/ starts it.',
  observers: 'Take an observer as an argument; runtime.ts hands the one from observers/ in.',
  platform:
    'What needs the machine (files, processes, sockets) belongs in platform/ and is handed in through the Host of runtime.ts.',
  'runtime.ts':
    'Take what you need from the Runtime that is handed in (http/runtime.ts); runtime.ts constructs it, once.',
  'gateway.ts': 'Only server.ts mounts the gateway.',
  'server.ts': 'server.ts is the entry; nothing imports it.',
  'define-function.ts': 'defineFunction is for functions/.',
};
