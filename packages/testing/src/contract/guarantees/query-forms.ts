import type { EventQueries, EventStore, NewEvent } from '@leftfold/core';
import { expect } from 'vitest';
import { collect, delivered, type Guarantee, placeOf, scanned, sent, type Trial, upTo } from '../trial.ts';

const FAILED = { code: 'APPEND_CONDITION_FAILED', retryable: true };

const tagged = (event: NewEvent, ...tags: readonly string[]): NewEvent => ({ ...event, tags });

interface Form {
  readonly queries: EventQueries;
  /** An event that a query matches, and events that none does; all in streams of the trial's category. */
  readonly matching: NewEvent;
  readonly beside: readonly NewEvent[];
}

/** One condition for each combination of the parts of a query. */
const formsOf = ({ category }: Trial): Readonly<Record<string, Form>> => ({
  tags: { queries: { tags: ['a:1'] }, matching: tagged(sent, 'a:1'), beside: [tagged(sent, 'a:2')] },
  types: {
    queries: { types: ['parcel.scanned', 'parcel.sent'] },
    matching: tagged(sent, 'a:1'),
    beside: [tagged(delivered, 'a:1')],
  },
  'types and tags': {
    queries: { types: ['parcel.sent'], tags: ['a:1', 'b:1'] },
    matching: tagged(sent, 'b:1', 'a:1'),
    beside: [tagged(delivered, 'a:1', 'b:1'), tagged(sent, 'a:1'), sent],
  },
  category: { queries: { category }, matching: sent, beside: [] },
  'category and types': {
    queries: { category, types: ['parcel.sent'] },
    matching: sent,
    beside: [delivered],
  },
  'category, types and tags': {
    queries: { category, types: ['parcel.sent'], tags: ['a:1'] },
    matching: tagged(sent, 'a:1'),
    beside: [sent, tagged(delivered, 'a:1')],
  },
  'no part': { queries: {}, matching: delivered, beside: [] },
  'several queries': {
    queries: [
      { tags: ['c:1'] },
      { types: ['parcel.sent'] },
      { category: 'other', types: ['parcel.scanned'] },
    ],
    matching: sent,
    beside: [tagged(delivered, 'a:1'), scanned('Oslo')],
  },
});

export const queryFormGuarantees = {
  'a condition of any form fails for the events that match it, and for no other': async (trial) => {
    trial.guarantee('append-conditions');
    const { store } = await trial.openEmpty();
    const { stream, category } = trial;
    for (const [name, { queries, matching, beside }] of Object.entries(formsOf(trial))) {
      const after = await store.highWaterMark();
      const condition = { failIfMatch: queries, after };
      const attempt = () => store.append(stream('decided'), [], { condition });
      for (const event of beside) await store.append(stream(name), [event]);
      // A category is the exact text before the first hyphen.
      if (name.startsWith('category')) await store.append(`${category}s-1`, [tagged(sent, 'a:1')]);
      await attempt();
      const { position } = await store.append(stream(name), [matching]);
      for (const event of beside) await store.append(stream(name), [event]);
      await expect(attempt(), name).rejects.toMatchObject({ ...FAILED, position, after });
    }
  },

  'of 16 concurrent appends that a condition of any form excludes, one succeeds': async (trial) => {
    trial.guarantee('no-write-skew');
    const { store, openAnother } = await trial.openEmpty();
    const writers = [store, await openAnother()];
    for (const [name, { queries, matching, beside }] of Object.entries(formsOf(trial))) {
      for (const round of upTo(3)) {
        const after = (await store.append(trial.stream(name), [matching])).position;
        const condition = { failIfMatch: queries, after };
        const attempts = upTo(16).map((number) =>
          writers[number % 2]!.append(trial.stream(`${name} ${round} ${number}`), [matching], { condition }),
        );
        const others = beside.map((event) => store.append(trial.stream(`${name} ${round} beside`), [event]));
        const outcomes = await Promise.allSettled(attempts);
        const won = outcomes.filter((outcome) => outcome.status === 'fulfilled');
        expect(won, name).toHaveLength(1);
        for (const outcome of outcomes)
          if (outcome.status === 'rejected')
            expect(outcome.reason).toMatchObject({ ...FAILED, position: won[0]!.value.position });
        await Promise.all(others);
      }
    }
  },

  'what a decision of any form has read is all that its append follows': async (trial) => {
    trial.guarantee('decision-reads', 'no-write-skew');
    const { store, openAnother } = await trial.openEmpty();
    const stores = [store, await openAnother()];
    for (const [name, { queries, matching, beside }] of Object.entries(formsOf(trial))) {
      const made: { readonly seen: readonly string[]; readonly position: number }[] = [];
      const write = async (writer: EventStore, stream: string) => {
        for (const event of upTo(5).flatMap(() => [...beside, matching]))
          await writer.append(stream, [event]);
      };
      const decide = async (writer: EventStore, stream: string) => {
        for (const _ of upTo(10)) {
          const { events, condition, era } = await writer.readForDecision(queries);
          const seen = (await collect(events)).map(placeOf);
          const attempt = writer.append(stream, [matching], { condition, era });
          await attempt.then(
            ({ position }) => made.push({ seen, position }),
            (error: unknown) => expect(error).toMatchObject(FAILED),
          );
        }
      };
      await Promise.all(
        stores.flatMap((one, index) => [
          write(one, trial.stream(`${name} write ${index}`)),
          decide(one, trial.stream(`${name} decide ${index}`)),
        ]),
      );
      await decide(store, trial.stream(`${name} alone`));
      const log = await collect(store.readAll());
      const isMatch = isMatchOf(queries);
      for (const { seen, position } of made) {
        const before = log.filter((event) => event.position < position && isMatch(event));
        expect(seen, name).toEqual(before.map(placeOf));
      }
      expect(made.length, name).toBeGreaterThanOrEqual(10);
    }
  },
} satisfies Readonly<Record<string, Guarantee>>;

/** By the meaning of each part, not by the functions of the store. */
function isMatchOf(queries: EventQueries) {
  const list = [queries].flat();
  return (event: { readonly type: string; readonly streamId: string; readonly tags: readonly string[] }) =>
    list.some(
      ({ types = [event.type], category, tags = [] }) =>
        new Set(types).has(event.type) &&
        (category === undefined || event.streamId.split('-')[0] === category) &&
        [...tags].every((tag) => new Set(event.tags).has(tag)),
    );
}
