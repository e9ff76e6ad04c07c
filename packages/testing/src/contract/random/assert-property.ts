import fc from 'fast-check';

/** Names the seed in the environment: other programs come from another one. */
const SEED_VARIABLE = 'LEFTFOLD_TEST_SEED';
const DEFAULT_SEED = 1;

/** Looking for a smaller program ends before the test is out of time. */
const TIME_LIMIT_MS = 40_000;

/** @throws RangeError when the environment names one that is not a whole number. */
export function programSeed(): number {
  const seed = Number(process.env[SEED_VARIABLE] ?? DEFAULT_SEED);
  if (!Number.isInteger(seed)) throw new RangeError(`${SEED_VARIABLE} is not a whole number`);
  return seed;
}

/** Says how to repeat what a seed did. */
export function toRepeat(seed: number): string {
  return `To repeat: ${SEED_VARIABLE}=${seed}`;
}

/**
 * Tries a property with generated programs: the same ones for the same seed, on every machine.
 *
 * @throws Error with the smallest program found that fails, and how to repeat it.
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
