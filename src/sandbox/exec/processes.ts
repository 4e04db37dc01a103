/** The processes of one container that other programs can see: its first, and what runs for a while. */
export class Processes {
  readonly #running = new Map<number, { name: string; isJvm: boolean; end: (code: number) => void }>();
  #last = 1;

  constructor(first: { name: string; isJvm: boolean }) {
    this.#running.set(1, { ...first, end: () => {} });
  }

  /** Takes a number for a program that is over at once. */
  passing(): number {
    this.#last += 1;
    return this.#last;
  }

  /** Runs until it is killed or `ended`; gives its number and its exit code to come. */
  start(name: string, isJvm: boolean): { pid: number; code: Promise<number> } {
    const pid = this.passing();
    const code = new Promise<number>((resolve) => {
      const end = (given: number): void => {
        this.#running.delete(pid);
        resolve(given);
      };
      this.#running.set(pid, { name, isJvm, end });
    });
    return { pid, code };
  }

  /** Ends a process with that code. False where there is none, or it is the container's first. */
  end(pid: number, code: number): boolean {
    if (pid === 1) return false;
    const found = this.#running.get(pid);
    found?.end(code);
    return found !== undefined;
  }

  endAll(): void {
    for (const pid of this.#running.keys()) this.end(pid, 137);
  }

  jvms(): { pid: number; name: string }[] {
    return [...this.#running].filter(([, { isJvm }]) => isJvm).map(([pid, { name }]) => ({ pid, name }));
  }
}
