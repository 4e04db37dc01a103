/** FUZZ_SEED repeats a run, FUZZ_RUNS makes it longer; each finding names both. */
export const fuzzing = {
  seed: Number(process.env['FUZZ_SEED'] ?? Math.trunc(Math.random() * 2 ** 31)),
  runs: Number(process.env['FUZZ_RUNS'] ?? 40),
};
