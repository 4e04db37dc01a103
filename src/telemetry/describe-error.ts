const mostCauses = 5;

/** An error as fields: its name, message and stack, its `code` and its causes; nothing else that it may carry. */
export function describeError(error: unknown, causes = 0): unknown {
  if (!(error instanceof Error)) return error;
  return {
    name: error.name,
    message: error.message,
    ...('code' in error && (typeof error.code === 'string' || typeof error.code === 'number')
      ? { code: error.code }
      : {}),
    ...(causes === 0 && error.stack ? { stack: error.stack } : {}),
    ...(error.cause !== undefined && causes < mostCauses ? { cause: describeError(error.cause, causes + 1) } : {}),
    ...(error instanceof AggregateError && causes < mostCauses
      ? { errors: error.errors.slice(0, mostCauses).map((one) => describeError(one, causes + 1)) }
      : {}),
  };
}
