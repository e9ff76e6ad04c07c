import { defineDecision, defineEvents, defineFold, reject, tagged } from '@leftfold/core';
import { createEventStore } from '@leftfold/event-store';
import { databaseTest } from '@leftfold/testbed/database';
import { guarantee } from '@leftfold/testbed/guarantees';
import { describe, expect } from 'vitest';
import { z } from 'zod';
import { createCommandExecutor } from '../src/index.ts';

const seat = z.object({ room: z.string(), guest: z.string() });
type Seat = z.output<typeof seat>;

/** A release of a rule: a room has two seats, and a guest takes one. Releases make other tags of the same event. */
function releaseWith(tagsOf: (data: Seat) => { room: string; guest?: string | undefined }) {
  const events = defineEvents('seat', { taken: tagged(seat, tagsOf) });
  const taken = defineFold({
    events: [events],
    initialState: 0,
    evolve: { 'seat.taken': (count) => count + 1 },
  });
  const take = defineDecision({
    name: 'take',
    input: seat,
    events: [events],
    reads: (input) => ({
      ofRoom: taken.for({ room: tagsOf(input).room }),
      ofGuest: taken.for({ guest: tagsOf(input).guest ?? input.guest }),
    }),
    rejections: ['full', 'seated'],
    decide: ({ ofRoom, ofGuest }, input, emit) => {
      if (ofRoom >= 2) return reject('full', { ofRoom, ofGuest });
      if (ofGuest >= 1) return reject('seated', { ofRoom, ofGuest });
      return emit.seat.taken(input);
    },
  });
  return { events, take };
}

const releases = {
  withBoth: releaseWith(({ room, guest }) => ({ room, guest })),
  withoutGuest: releaseWith(({ room }) => ({ room })),
  inLowerCase: releaseWith(({ room, guest }) => ({ room: room.toLowerCase(), guest: guest.toLowerCase() })),
};

const test = databaseTest().extend('start', async ({ ownDatabase: { connectionString } }, { onCleanup }) => {
  const opened: AsyncDisposable[] = [];
  onCleanup(async () => {
    for (const one of opened.toReversed()) await one[Symbol.asyncDispose]();
  });
  return async (name: keyof typeof releases) => {
    const { events, take } = releases[name];
    const store = createEventStore({ connectionString, events: [events], maxConnections: 3 });
    const executor = createCommandExecutor({ store, aggregates: [], decisions: [take] as const });
    opened.push(store, executor);
    await store.migrate();
    return (room: string, guest: string, commandId?: string) =>
      executor.execute(take.command({ room, guest }), { commandId });
  };
});

describe('releases that give an event other tags', () => {
  test('each decide on the tags that the log has, cached or not', async ({ start }) => {
    guarantee('decisions-over-tags');
    const [both, fewer, lower] = [
      await start('withBoth'),
      await start('withoutGuest'),
      await start('inLowerCase'),
    ];
    expect(await both('a', 'ada')).toMatchObject({ outcome: 'accepted' });
    // In the cache of the first release the room has one seat taken: the append is refused, and it reads again.
    expect(await fewer('a', 'bob')).toMatchObject({ outcome: 'accepted', events: [{ tags: ['room:a'] }] });
    expect(await both('a', 'cy')).toMatchObject({ reason: 'full', details: { ofRoom: 2, ofGuest: 0 } });
    // The event of the second release does not say whose seat it is: the others cannot know.
    expect(await both('b', 'bob')).toMatchObject({ outcome: 'accepted' });
    expect(await fewer('b', 'bob')).toMatchObject({ reason: 'seated', details: { ofRoom: 1, ofGuest: 1 } });
    // Nor do values that were made in another way.
    expect(await both('C', 'Dee')).toMatchObject({ outcome: 'accepted' });
    expect(await lower('C', 'Dee')).toMatchObject({
      outcome: 'accepted',
      events: [{ tags: ['room:c', 'guest:dee'], streamId: 'seat-c' }],
    });
    expect(await both('C', 'Dee')).toMatchObject({ reason: 'seated', details: { ofRoom: 1, ofGuest: 1 } });
    expect(await lower('c', 'dee')).toMatchObject({ reason: 'seated', details: { ofRoom: 1, ofGuest: 1 } });
  });

  test('take a repeated command for one, whatever its stream would be', async ({ start }) => {
    guarantee('commands-take-effect-once');
    const both = await start('withBoth');
    await both('A', 'ada', 'once');
    for (const name of ['withoutGuest', 'inLowerCase'] as const) {
      const again = await start(name);
      expect(await again('A', 'ada', 'once')).toMatchObject({
        outcome: 'accepted',
        duplicate: true,
        events: [{ streamId: 'seat-A', tags: ['room:A', 'guest:ada'] }],
      });
    }
  });
});
