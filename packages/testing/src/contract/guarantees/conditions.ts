import type { AppendCondition, EventQuery, NewEvent } from '@leftfold/core';
import { expect } from 'vitest';
import type { ContractStore } from '../subject.ts';
import { collect, delivered, type Guarantee, scanned, sent, upTo } from '../trial.ts';

const FAILED = { code: 'APPEND_CONDITION_FAILED', retryable: true };

const tagged = (event: NewEvent, ...tags: readonly string[]): NewEvent => ({ ...event, tags });

const unless = (tag: string, after?: number): { readonly condition: AppendCondition } => ({
  condition: { failIfMatch: { tags: [tag] }, after },
});

export const conditionGuarantees = {
  'an append fails if an event matches its condition, with one or several streams': async ({
    guarantee,
    store,
    openAnother,
    stream,
    id,
  }) => {
    guarantee('append-conditions');
    const tag = id('tag');
    const { position } = await store.append(stream('a'), [tagged(sent, 'other:1', tag)]);
    for (const writer of [store, await openAnother()]) {
      const refused = { ...FAILED, position, after: 0 };
      await expect(writer.append(stream('b'), [sent], unless(tag))).rejects.toMatchObject(refused);
      await expect(writer.append(stream('b'), [], unless(tag))).rejects.toMatchObject(refused);
      const both = [
        { streamId: stream('b'), events: [sent] },
        { streamId: stream('c'), events: [tagged(sent, tag)] },
      ];
      await expect(writer.appendToStreams(both, unless(tag))).rejects.toMatchObject(refused);
    }
    for (const name of ['b', 'c']) expect(await collect(store.readStream(stream(name)))).toEqual([]);
    expect(await store.append(stream('b'), [sent], unless(id('free')))).toMatchObject({ streamVersion: 1 });
  },

  'a condition matches only events after its position; the error has the newest': async ({
    guarantee,
    store,
    stream,
    id,
  }) => {
    guarantee('append-conditions');
    const tag = id('tag');
    const first = await store.append(stream('a'), [tagged(sent, tag)]);
    const { events } = await store.append(stream('b'), [tagged(sent, tag), tagged(delivered, tag), sent]);
    const newest = events[1]!.position;
    for (const after of [0, first.position, newest - 1]) {
      const refused = { ...FAILED, position: newest, after };
      await expect(store.append(stream('c'), [sent], unless(tag, after))).rejects.toMatchObject(refused);
    }
    for (const after of [newest, newest + 1]) await store.append(stream('c'), [sent], unless(tag, after));
    expect(await collect(store.readStream(stream('c')))).toHaveLength(2);
  },

  'a condition after a position that the log never had is LOG_REWOUND': async ({ store, stream, id }) => {
    for (const after of [1_000_000_000, Number.MAX_SAFE_INTEGER]) {
      const append = store.append(stream(), [sent], unless(id('tag'), after));
      await expect(append).rejects.toMatchObject({ code: 'LOG_REWOUND', retryable: false, lostFrom: after });
    }
    expect(await collect(store.readStream(stream()))).toEqual([]);
  },

  'a condition with types matches only events of these types': async ({ guarantee, store, stream, id }) => {
    guarantee('append-conditions');
    const tag = id('tag');
    await store.append(stream('a'), [tagged(sent, tag)]);
    const types = (...names: readonly string[]) => ({
      condition: { failIfMatch: { tags: [tag] as const, types: names } },
    });
    await store.append(stream('b'), [sent], types('parcel.delivered'));
    for (const names of [['parcel.sent'], ['parcel.delivered', 'parcel.sent']]) {
      await expect(store.append(stream('b'), [sent], types(...names))).rejects.toMatchObject(FAILED);
    }
  },

  'a condition matches all tags of a query, and any of several queries': async ({
    guarantee,
    store,
    stream,
    id,
  }) => {
    guarantee('append-conditions');
    const [left, right, other] = [id('left'), id('right'), id('other')];
    await store.append(stream('a'), [tagged(sent, left), tagged(sent, right)]);
    const attempt = (...failIfMatch: readonly EventQuery[]) =>
      store.append(stream('b'), [sent], { condition: { failIfMatch } });
    await attempt({ tags: [left, right] });
    await attempt({ tags: [left, other] }, { tags: [other] });
    await expect(attempt({ tags: [other] }, { tags: [right] })).rejects.toMatchObject(FAILED);
    await store.append(stream('a'), [tagged(sent, right, other, left)]);
    await expect(attempt({ tags: [left, right] })).rejects.toMatchObject(FAILED);
  },

  'a condition that failed names the newest event that matches, and all queries that it matches': async ({
    guarantee,
    store,
    category,
    stream,
    id,
  }) => {
    guarantee('append-conditions');
    const [left, right] = [id('left'), id('right')];
    const after = await store.highWaterMark();
    const failIfMatch = [
      { tags: [right] },
      { tags: [left], types: ['parcel.sent'] },
      { tags: [left, right] },
      { category, types: ['parcel.delivered'], tags: [left] },
      { tags: [left] },
    ];
    const attempt = () => store.append(stream('c'), [sent], { condition: { failIfMatch, after } });
    const first = await store.append(stream('a'), [tagged(sent, left)]);
    await expect(attempt()).rejects.toMatchObject({
      ...FAILED,
      position: first.position,
      type: 'parcel.sent',
      streamId: stream('a'),
      queries: [1, 4],
      roles: [],
      after,
    });
    const second = await store.append(stream('b'), [tagged(delivered, left, right), sent]);
    const newest = second.events[0]!;
    const failed = attempt();
    await expect(failed).rejects.toMatchObject({
      position: newest.position,
      type: 'parcel.delivered',
      streamId: stream('b'),
      queries: [0, 2, 3, 4],
    });
    await failed.catch((error: Error) => {
      for (const tag of [left, right]) expect(error.message).not.toContain(tag);
    });
  },

  'a condition and an expected version must both hold': async ({ store, stream, id }) => {
    const tag = id('tag');
    await store.append(stream(), [tagged(sent, tag)]);
    const attempt = (expectedVersion: number, name: string) =>
      store.append(stream(), [sent], { expectedVersion, ...unless(name) });
    await expect(attempt(1, tag)).rejects.toMatchObject(FAILED);
    await expect(attempt(0, id('free'))).rejects.toMatchObject({ code: 'STREAM_VERSION_CONFLICT' });
    await expect(attempt(0, tag)).rejects.toMatchObject({ code: 'STREAM_VERSION_CONFLICT' });
    expect(await attempt(1, id('free'))).toMatchObject({ streamVersion: 2 });
  },

  'of concurrent appends whose conditions exclude each other, one succeeds': async ({
    guarantee,
    store,
    openAnother,
    stream,
    id,
  }) => {
    guarantee('no-write-skew');
    const writers = [store, await openAnother()];
    let after = 0;
    for (const round of upTo(10)) {
      const outcomes = await Promise.allSettled(
        upTo(16).map((number) =>
          writers[number % 2]!.append(
            stream(`${round} ${number}`),
            [tagged(sent, id('tag'))],
            unless(id('tag'), after),
          ),
        ),
      );
      const won = outcomes.filter((outcome) => outcome.status === 'fulfilled');
      expect(won).toHaveLength(1);
      after = won[0]!.value.position;
      for (const outcome of outcomes) {
        if (outcome.status === 'rejected')
          expect(outcome.reason).toMatchObject({ ...FAILED, position: after });
      }
    }
  },

  'of two appends that each exclude the other’s event, at most one succeeds': async ({
    store,
    openAnother,
    stream,
    id,
  }) => {
    const other = await openAnother();
    for (const round of upTo(20)) {
      const [left, right] = [id(`left ${round}`), id(`right ${round}`)];
      const outcomes = await Promise.allSettled([
        store.append(stream(`a ${round}`), [tagged(sent, left)], unless(right)),
        other.append(stream(`b ${round}`), [tagged(sent, right)], unless(left)),
      ]);
      expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    }
  },

  'no excluded event has a position between `after` and the append’s own events': async ({
    store,
    openAnother,
    category,
    stream,
    id,
  }) => {
    const writers = [store, await openAnother()];
    const tag = id('tag');
    const made: { readonly after: number; readonly position: number }[] = [];
    const write = async (writer: ContractStore, name: string) => {
      for (const number of upTo(25))
        await writer.append(stream(`${name} ${number}`), [tagged(scanned('x'), tag)]);
    };
    const decide = async (writer: ContractStore, name: string) => {
      for (const number of upTo(25)) {
        const after = await writer.highWaterMark();
        const attempt = writer.append(stream(`${name} ${number}`), [delivered], unless(tag, after));
        await attempt.then(
          ({ position }) => made.push({ after, position }),
          (error: unknown) => expect(error).toMatchObject(FAILED),
        );
      }
    };
    await Promise.all(
      writers.flatMap((writer, index) =>
        upTo(3).flatMap((number) => [
          write(writer, `write ${index} ${number}`),
          decide(writer, `decide ${index} ${number}`),
        ]),
      ),
    );
    const log = await collect(store.readAll({ filter: { category, tags: [tag] } }));
    expect(log).toHaveLength(150);
    for (const { after, position } of made) {
      expect(log.filter((event) => event.position > after && event.position < position)).toEqual([]);
    }
  },

  'conditions on different tags do not fail each other': async ({ store, openAnother, stream, id }) => {
    const writers = [store, await openAnother()];
    const results = await Promise.all(
      upTo(60).map((number) => {
        const tag = id(`tag ${number}`);
        return writers[number % 2]!.append(stream(`${number}`), [tagged(sent, tag)], unless(tag));
      }),
    );
    expect(results).toHaveLength(60);
  },

  'a failed condition fails only its own append, with any others in flight': async ({
    guarantee,
    store,
    stream,
    id,
  }) => {
    guarantee('isolated-failures');
    await store.append(stream('seed'), [tagged(sent, id('taken'))]);
    const outcomes = await Promise.allSettled(
      upTo(30).map((number) => {
        const tag = number % 3 === 0 ? id('taken') : id(`free ${number}`);
        const context = number % 3 === 2 ? {} : unless(tag);
        return store.append(stream(`${number}`), [tagged(sent, tag), delivered], context);
      }),
    );
    expect(outcomes.map(({ status }) => status)).toEqual(
      upTo(30).map((number) => (number % 3 === 0 ? 'rejected' : 'fulfilled')),
    );
  },

  'a repeated append returns its first result, though its own events match': async ({
    guarantee,
    store,
    openAnother,
    stream,
    id,
  }) => {
    guarantee('idempotent-appends');
    const other = await openAnother();
    const tag = id('tag');
    const events = [{ ...tagged(sent, tag), id: id('event') }];
    const byId = await store.append(stream('a'), events, unless(tag));
    expect(await store.append(stream('a'), events, unless(tag))).toEqual({ ...byId, duplicate: true });
    expect(await other.append(stream('a'), events, unless(tag))).toEqual({ ...byId, duplicate: true });

    const command = { ...unless(id('place')), commandId: id('command') };
    const again = () =>
      other.appendToStreams([{ streamId: stream('b'), events: [tagged(sent, id('place'))] }], command);
    const first = await again();
    expect(await again()).toMatchObject({ position: first.position, duplicate: true });
    await store.append(stream('c'), [tagged(delivered, tag)]);
    expect(await store.append(stream('a'), events, unless(tag))).toMatchObject({ duplicate: true });
  },
} satisfies Readonly<Record<string, Guarantee>>;
