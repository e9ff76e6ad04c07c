import { guarantees, type TransportGuarantee } from './guarantees.ts';
import type { TransportSubject } from './subject.ts';
import { Trial } from './trial.ts';

/** The argument of {@link transportContract}. */
export interface TransportUnderTest extends TransportSubject {
  /**
   * Declares a test: `test` of vitest, of `node:test`, or of another runner. A test takes up to a minute on a busy machine;
   * where the runner's own limit is lower, raise it.
   */
  readonly test: (name: string, run: () => Promise<void>) => unknown;
  /** Tests to leave out. */
  readonly skip?: readonly TransportGuarantee[];
}

/**
 * Declares a test for each guarantee of {@link Transport}. Call it at the top of a test file.
 *
 * It tests what the port shows while the broker works. A transport needs its own tests for a broker that is killed, that
 * lost its memory, or is declared otherwise, and for connections that are cut.
 *
 * @example
 * ```ts
 * transportContract({
 *   test,
 *   createTransport: ({ topic, consumers }) => myBroker({ url, topic, consumers }),
 *   unreachable: () => myBroker({ url: 'my://me:secret@127.0.0.1:1', topic: 'none' }),
 * });
 * ```
 */
export function transportContract(subject: TransportUnderTest): void {
  const left = new Set<string>(subject.skip);
  for (const [name, holds] of Object.entries(guarantees)) {
    if (left.has(name)) continue;
    subject.test(name, async () => {
      const trial = new Trial(subject);
      try {
        await holds(trial);
      } finally {
        await trial.close();
      }
    });
  }
}
