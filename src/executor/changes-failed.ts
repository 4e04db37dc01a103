/** Several changes of one list failed; the others of the list were sent to their end all the same. */
export class ChangesFailed extends Error {
  readonly causes: readonly [unknown, ...unknown[]];

  constructor(causes: readonly [unknown, ...unknown[]], total: number) {
    const messages = causes.slice(0, mostTold).map((cause) => (cause instanceof Error ? cause.message : String(cause)));
    const more = causes.length > mostTold ? `; and ${causes.length - mostTold} more` : '';
    super(`${causes.length} of ${total} failed: ${messages.join('; ')}${more}`);
    this.name = 'ChangesFailed';
    this.causes = causes;
  }
}

const mostTold = 20;
