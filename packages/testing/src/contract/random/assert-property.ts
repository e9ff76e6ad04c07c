import fc from 'fast-check';

/** The environment variable with the seed of the generated programs. */
const SEED_VARIABLE = 'LEFTFOLD_TEST_SEED';
const DEFAULT_SEED = 1;

/** Shrinking ends before the timeout of the test. */
const TIME_LIMIT_MS = 40_000;

/** @throws RangeError when the seed of the environment is not an integer. */
export function programSeed(): number {
  const seed = Number(process.env[SEED_VARIABLE] ?? DEFAULT_SEED);
  if (!Number.isInteger(seed)) throw new RangeError(`${SEED_VARIABLE} must be an integer`);
  return seed;
}

/** The setting that repeats a run. */
export function toRepeat(seed: number): string {
  return `To repeat: ${SEED_VARIABLE}=${seed}`;
}

/**
 * Checks a property with generated programs. The same seed generates the same programs on every machine.
 *
 * @throws Error with the smallest failing program that was found, and the seed to repeat it.
 */
export async function assertProperty<TProgram>(
  property: fc.IAsyncProperty<TProgram>,
  numRuns: number,
): Promise<void> {
  const seed = programSeed();
  await fc.assert(property, {
    numRuns,
    seed,
    interruptAfterTimeLimit: TIME_LIMIT_MS,
    markInterruptAsFailure: true,
    asyncReporter: async (details) => {
      if (!details.failed) return;
      const message = await fc.asyncDefaultReportMessage(details);
      throw new Error(`${message}\n\n${toRepeat(seed)}`, { cause: details.errorInstance });
    },
  });
}
