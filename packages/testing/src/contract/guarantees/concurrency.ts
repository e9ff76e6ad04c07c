import { expect } from 'vitest';
import { collect, delivered, type Guarantee, scanned, sent, upTo, versionsOf } from '../trial.ts';

export const concurrencyGuarantees = {
  'of two concurrent creates of one stream exactly one succeeds, 50 of 50 times': async ({
    store,
    openAnother,
    stream,
  }) => {
    const other = await openAnother();
    for (let round = 0; round < 50; round += 1) {
      const streamId = stream(`${round}`);
      const outcomes = await Promise.allSettled(
        [store, other].map((writer) => writer.append(streamId, [sent], { expectedVersion: 'no-stream' })),
      );
      expect(outcomes.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
      const lost = outcomes.find((outcome) => outcome.status === 'rejected');
      expect(lost?.reason).toMatchObject({
        code: 'STREAM_VERSION_CONFLICT',
        expectedVersion: 'no-stream',
        actual: 1,
      });
      expect(await collect(store.readStream(streamId))).toHaveLength(1);
    }
  },

  '50 concurrent appends with `any` to one stream become versions 1 to 50': async ({
    store,
    openAnother,
    stream,
  }) => {
    const writers = [store, await openAnother()];
    const results = await Promise.all(
      upTo(50).map((number) => writers[number % 2]!.append(stream(), [scanned(`place ${number}`)])),
    );
    expect(results.map(({ streamVersion }) => streamVersion).toSorted((a, b) => a - b)).toEqual(upTo(50));
    const read = await collect(store.readStream(stream()));
    expect(versionsOf(read)).toEqual(upTo(50));
    expect(new Set(read.map(({ data }) => JSON.stringify(data))).size).toBe(50);
  },

  'of concurrent appends that expect the same version exactly one succeeds': async ({
    guarantee,
    store,
    openAnother,
    stream,
  }) => {
    guarantee('expected-version');
    const writers = [store, await openAnother()];
    await store.append(stream(), [sent]);
    for (const version of upTo(10)) {
      const outcomes = await Promise.allSettled(
        upTo(10).map((number) =>
          writers[number % 2]!.append(stream(), [scanned(`${number}`)], { expectedVersion: version }),
        ),
      );
      expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    }
    expect(versionsOf(await collect(store.readStream(stream())))).toEqual(upTo(11));
  },

  'a conflict fails only its own append, with any other appends in flight': async ({
    guarantee,
    store,
    stream,
  }) => {
    guarantee('isolated-failures');
    await store.append(stream('busy'), [sent]);
    const outcomes = await Promise.allSettled(
      upTo(30).map((number) =>
        number % 3 === 0
          ? store.append(stream('busy'), [sent], { expectedVersion: 'no-stream' })
          : store.append(stream(`${number}`), [sent, delivered], { expectedVersion: 'no-stream' }),
      ),
    );
    expect(outcomes.map(({ status }) => status)).toEqual(
      upTo(30).map((number) => (number % 3 === 0 ? 'rejected' : 'fulfilled')),
    );
    expect(await collect(store.readStream(stream('busy')))).toHaveLength(1);
  },

  'of two appends that each check the other’s stream, at most one succeeds': async ({
    guarantee,
    store,
    openAnother,
    stream,
  }) => {
    guarantee('no-write-skew');
    const other = await openAnother();
    for (let round = 0; round < 20; round += 1) {
      const [left, right] = [stream(`left ${round}`), stream(`right ${round}`)];
      const outcomes = await Promise.allSettled([
        store.appendToStreams([
          { streamId: left, events: [], expectedVersion: 0 },
          { streamId: right, events: [sent], expectedVersion: 0 },
        ]),
        other.appendToStreams([
          { streamId: left, events: [sent], expectedVersion: 0 },
          { streamId: right, events: [], expectedVersion: 0 },
        ]),
      ]);
      expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    }
  },

  'concurrent appends to the same streams in different orders do not deadlock': async ({
    store,
    openAnother,
    stream,
  }) => {
    const writers = [store, await openAnother()];
    const results = await Promise.all(
      upTo(40).map((number) => {
        const names = number % 2 === 0 ? ['a', 'b', 'c'] : ['c', 'b', 'a'];
        const appends = names.map((name) => ({ streamId: stream(name), events: [scanned(`${number}`)] }));
        return writers[Math.floor(number / 2) % 2]!.appendToStreams(appends);
      }),
    );
    expect(results).toHaveLength(40);
    for (const name of ['a', 'b', 'c']) {
      expect(versionsOf(await collect(store.readStream(stream(name))))).toEqual(upTo(40));
    }
  },

  'within a stream, positions have the same order as versions': async ({
    store,
    openAnother,
    category,
    stream,
  }) => {
    const writers = [store, await openAnother()];
    await Promise.all(
      upTo(120).map((number) => writers[number % 2]!.append(stream(`${number % 5}`), [sent, delivered])),
    );
    const log = await collect(store.readAll({ filter: { category } }));
    expect(log).toHaveLength(240);
    for (const name of upTo(5)) {
      const versions = versionsOf(log.filter(({ streamId }) => streamId === stream(`${name % 5}`)));
      expect(versions).toEqual(upTo(48));
    }
  },
} satisfies Readonly<Record<string, Guarantee>>;
