import type { Caller } from './caller.ts';

/** What somebody may want: to see, to act, to decide on what others ask for, to stop. */
export type Verb = 'get' | 'execute' | 'approve' | 'control';

/** Where, and with which action; no namespace is the cluster as a whole, no action is all of them. */
export interface Place {
  action: string | undefined;
  namespace: string | undefined;
}

/** A part of the history that a caller sees: what is in it has one of these namespaces and one of these actions. */
export interface Sight {
  namespaces: readonly string[] | '*';
  actions: readonly string[] | '*';
}

/** What one caller may. Asked before anything of the cluster is read, so that a no tells nothing of it. */
export interface Rights {
  /** As the record has it; undefined where authentication is off, or nobody has said who they are. */
  readonly name: string | undefined;
  may(verb: Verb, place: Place): Promise<boolean>;
  /** The parts of the history that may be seen, of which only those are wanted. */
  sight(wanted: Partial<Place>): Promise<readonly Sight[]>;
}

/** Finds out what a caller may. */
export type RightsOf = (caller: Caller) => Rights;

/** Where authentication is off: whoever reaches the port may do everything. */
export const everything: Rights = {
  name: undefined,
  may: async () => true,
  sight: async () => [{ namespaces: '*', actions: '*' }],
};

/** Somebody at an open endpoint. */
export const nothing: Rights = { name: undefined, may: async () => false, sight: async () => [] };
