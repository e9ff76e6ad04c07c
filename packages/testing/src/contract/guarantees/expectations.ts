import type { ExpectedVersion } from '@leftfold/core';
import { expect } from 'vitest';
import { collect, type Guarantee, scanned, scans, type Trial } from '../trial.ts';

/** Versions that a stream has when an expectation meets it. */
const versions = [0, 1, 3] as const;

/** Tries an expectation on streams of each version: alone, without events, and beside another stream. */
async function meets(
  trial: Trial,
  expected: ExpectedVersion,
  accepts: (version: number) => boolean,
): Promise<void> {
  for (const version of versions) {
    await meetsVersion(trial, expected, version, accepts(version));
  }
}

async function meetsVersion(
  { store, stream }: Trial,
  expectedVersion: ExpectedVersion,
  version: number,
  accepted: boolean,
): Promise<void> {
  const named = (form: string) => stream(`${expectedVersion} on ${version} ${form}`);
  const forms = ['append', 'check', 'several', 'check among several'] as const;
  for (const form of forms) if (version > 0) await store.append(named(form), scans(version));
  const one = [scanned('next')];
  const beside = { streamId: named('beside'), events: one };
  const besideChecked = { streamId: named('beside checked'), events: one };
  const attempts = [
    ['append', store.append(named('append'), one, { expectedVersion })],
    ['check', store.append(named('check'), [], { expectedVersion })],
    [
      'several',
      store.appendToStreams([beside, { streamId: named('several'), events: one, expectedVersion }]),
    ],
    [
      'check among several',
      store.appendToStreams([
        besideChecked,
        { streamId: named('check among several'), events: [], expectedVersion },
      ]),
    ],
  ] as const;
  const outcomes = await Promise.allSettled(attempts.map(([, attempt]) => attempt));
  for (const [index, [form]] of attempts.entries()) {
    const writes = form === 'append' || form === 'several';
    const outcome = outcomes[index];
    const what = `${expectedVersion} on a stream at version ${version}: ${form}`;
    const length = (await collect(store.readStream(named(form)))).length;
    if (accepted) {
      expect(outcome, what).toMatchObject({ status: 'fulfilled' });
      expect(length, what).toBe(version + (writes ? 1 : 0));
    } else {
      expect(outcome, what).toMatchObject({
        status: 'rejected',
        reason: {
          code: 'STREAM_VERSION_CONFLICT',
          retryable: true,
          streamId: named(form),
          expectedVersion,
          actual: version,
        },
      });
      expect(length, what).toBe(version);
    }
  }
  expect((await collect(store.readStream(named('beside')))).length).toBe(accepted ? 1 : 0);
  expect((await collect(store.readStream(named('beside checked')))).length).toBe(accepted ? 1 : 0);
}

export const expectationGuarantees = {
  '‘any’ is met by every stream, and never conflicts': (trial) => meets(trial, 'any', () => true),

  '‘no-stream’ is met by a stream without events only': (trial) =>
    meets(trial, 'no-stream', (version) => version === 0),

  '‘stream-exists’ is met by a stream with events only': (trial) =>
    meets(trial, 'stream-exists', (version) => version > 0),

  'a version is met by a stream at that very version only': async (trial) => {
    await meets(trial, 1, (version) => version === 1);
    await meets(trial, 2, () => false);
    await meets(trial, 3, (version) => version === 3);
  },

  'version 0 is met by a stream without events only': (trial) => meets(trial, 0, (version) => version === 0),

  'a version past the end is a conflict, and leaves no hole': async ({ store, stream }) => {
    await store.append(stream(), scans(2));
    await expect(store.append(stream(), scans(1), { expectedVersion: 7 })).rejects.toMatchObject({
      code: 'STREAM_VERSION_CONFLICT',
      expectedVersion: 7,
      actual: 2,
    });
    const next = await store.append(stream(), scans(1), { expectedVersion: 2 });
    expect(next.streamVersion).toBe(3);
  },

  'without an expectation an append never conflicts': async ({ store, stream }) => {
    await store.append(stream(), scans(1));
    expect(await store.append(stream(), scans(1))).toMatchObject({ streamVersion: 2 });
    expect(await store.append(stream(), scans(1), { expectedVersion: undefined })).toMatchObject({
      streamVersion: 3,
    });
  },

  'after a conflict the same append succeeds with the version that was found': async ({ store, stream }) => {
    await store.append(stream(), scans(3));
    const event = scanned('next');
    const lost: unknown = await store
      .append(stream(), [event], { expectedVersion: 1 })
      .catch((error: unknown) => error);
    expect(lost).toMatchObject({ code: 'STREAM_VERSION_CONFLICT', actual: 3 });
    expect(await store.append(stream(), [event], { expectedVersion: 3 })).toMatchObject({ streamVersion: 4 });
  },
} satisfies Readonly<Record<string, Guarantee>>;
