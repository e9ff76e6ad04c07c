import type { ExpectedVersion } from '@leftfold/core';
import { expect } from 'vitest';
import { collect, type Guarantee, scanned, scans, type Trial } from '../trial.ts';

/** The versions of the streams that each expected version is tested with. */
const versions = [0, 1, 3] as const;

/** Tests an expected version on streams of each version: alone, without events, and with another stream. */
async function expectAccepted(
  trial: Trial,
  expected: ExpectedVersion,
  accepts: (version: number) => boolean,
): Promise<void> {
  for (const version of versions) {
    await expectOutcome(trial, expected, version, accepts(version));
  }
}

async function expectOutcome(
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
  '‘any’ accepts every stream': (trial) => expectAccepted(trial, 'any', () => true),

  '‘no-stream’ accepts only a stream without events': (trial) =>
    expectAccepted(trial, 'no-stream', (version) => version === 0),

  '‘stream-exists’ accepts only a stream with events': (trial) =>
    expectAccepted(trial, 'stream-exists', (version) => version > 0),

  'a version accepts only a stream at that version': async (trial) => {
    await expectAccepted(trial, 1, (version) => version === 1);
    await expectAccepted(trial, 2, () => false);
    await expectAccepted(trial, 3, (version) => version === 3);
  },

  'version 0 accepts only a stream without events': (trial) =>
    expectAccepted(trial, 0, (version) => version === 0),

  'a version after the end is a conflict, and leaves no hole': async ({ store, stream }) => {
    await store.append(stream(), scans(2));
    await expect(store.append(stream(), scans(1), { expectedVersion: 7 })).rejects.toMatchObject({
      code: 'STREAM_VERSION_CONFLICT',
      expectedVersion: 7,
      actual: 2,
    });
    const next = await store.append(stream(), scans(1), { expectedVersion: 2 });
    expect(next.streamVersion).toBe(3);
  },

  'an append without an expected version never conflicts': async ({ store, stream }) => {
    await store.append(stream(), scans(1));
    expect(await store.append(stream(), scans(1))).toMatchObject({ streamVersion: 2 });
    expect(await store.append(stream(), scans(1), { expectedVersion: undefined })).toMatchObject({
      streamVersion: 3,
    });
  },

  'after a conflict the same append succeeds with the actual version': async ({ store, stream }) => {
    await store.append(stream(), scans(3));
    const event = scanned('next');
    const lost: unknown = await store
      .append(stream(), [event], { expectedVersion: 1 })
      .catch((error: unknown) => error);
    expect(lost).toMatchObject({ code: 'STREAM_VERSION_CONFLICT', actual: 3 });
    expect(await store.append(stream(), [event], { expectedVersion: 3 })).toMatchObject({ streamVersion: 4 });
  },
} satisfies Readonly<Record<string, Guarantee>>;
