/** A change whose sending found out that it can't have its effect; nothing is tried again. */
export class ChangeFailed extends Error {
  /** As in a refusal: what stands against it; `command_failed` for a command that ended with an exit code of its own. */
  readonly code: 'not_supported' | 'precondition_failed' | 'policy_denied' | 'command_failed';
  readonly hint: string | undefined;

  constructor(code: ChangeFailed['code'], sentence: string, hint?: string) {
    super(sentence);
    this.name = 'ChangeFailed';
    this.code = code;
    this.hint = hint;
  }
}
