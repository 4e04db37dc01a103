const mostKept = 10_000;

/**
 * Answers that count for a while: whoever asks the same meanwhile gets the same, also while the question is under way. The
 * time counts from before the question was asked. A failure is not kept.
 */
export function recentAnswers<Answer>(forMs: number): (key: string, ask: () => Promise<Answer>) => Promise<Answer> {
  const kept = new Map<string, { answer: Promise<Answer>; untilMs: number }>();
  return (key, ask) => {
    const nowMs = performance.now();
    const known = kept.get(key);
    if (known && nowMs < known.untilMs) return known.answer;
    const answer = ask();
    const entry = { answer, untilMs: nowMs + forMs };
    kept.delete(key);
    kept.set(key, entry);
    // The oldest first, so that asking with ever other tokens fills no memory.
    for (const [oldest] of kept) {
      if (kept.size <= mostKept) break;
      kept.delete(oldest);
    }
    answer.catch(() => {
      if (kept.get(key) === entry) kept.delete(key);
    });
    return answer;
  };
}
