import { AssertionError } from 'node:assert';
import {
  aggregateIdOf,
  defineAggregate,
  defineEvents,
  defineReaction,
  reject,
  type ReactionContext,
} from '@leftfold/core';
import { deposited, opened } from '@leftfold/testbed/bank';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { givenEvents, inStream } from './given-events.ts';

const orderEvents = defineEvents('order', {
  placed: z.object({ email: z.string() }),
  confirmed: z.object({}),
});
const { placed } = orderEvents.create;
const order = defineAggregate({
  events: orderEvents,
  initialState: {},
  evolve: { placed: (state) => state, confirmed: (state) => state },
  commands: {
    confirm: { input: z.object({}), decide: (_state, _input, emit) => emit.confirmed({}) },
  },
});

function confirming(send: (email: string, context: ReactionContext) => Promise<unknown>) {
  const outcomes: unknown[] = [];
  const reaction = defineReaction({
    name: 'confirmations',
    events: [orderEvents],
    on: {
      'order.placed': async ({ streamId, data }, context) => {
        await send(data.email, context);
        outcomes.push(await context.execute(order.command.confirm(aggregateIdOf(streamId), {})));
      },
    },
  });
  return { reaction, outcomes };
}

const ada = inStream('order-a', placed({ email: 'ada' }));
const bob = inStream('order-b', placed({ email: 'bob' }));

describe('a reaction', () => {
  test('is called for the events that it reads, in their order, and its commands are collected', async () => {
    const sent: string[] = [];
    const { reaction } = confirming(async (email, { idempotencyKey, attempt }) =>
      sent.push(`${email} ${idempotencyKey} ${attempt}`),
    );
    const confirmed = inStream('order-a', orderEvents.create.confirmed({}));
    const reacted = await givenEvents([ada, confirmed, opened, deposited(5), bob]).react(reaction);
    reacted.thenCommands([order.command.confirm('a', {}), order.command.confirm('b', {})]);
    expect(sent).toEqual(['ada confirmations-event-1 1', 'bob confirmations-event-5 1']);
    expect(() => reacted.thenCommands([order.command.confirm('a', {})])).toThrow(AssertionError);
    expect(() => reacted.thenCommands([])).toThrow('reaction "confirmations" executed other commands');
  });

  test('gets the answers to its commands that the test gives', async () => {
    const { reaction, outcomes } = confirming(async () => {});
    await givenEvents([ada]).react(reaction);
    await givenEvents([ada]).react(reaction, { duplicate: true });
    await givenEvents([ada]).react(reaction, { answer: () => reject('known') });
    expect(outcomes).toMatchObject([
      { outcome: 'accepted', duplicate: false },
      { outcome: 'accepted', duplicate: true },
      { outcome: 'rejected', command: 'order.confirm', reason: 'known' },
    ]);
  });

  test('that fails rejects with what its handler threw', async () => {
    const { reaction } = confirming(async (_email, { attempt }) => {
      throw new Error(`attempt ${attempt}: no connection`);
    });
    await expect(givenEvents([ada]).react(reaction, { attempt: 3 })).rejects.toThrow(
      'attempt 3: no connection',
    );
  });

  test('and its options are checked', async () => {
    const { reaction } = confirming(async () => {});
    const given = givenEvents([ada]);
    for (const wrong of [{ attempt: 0 }, { answer: 'no' }, { misspelt: 1 }])
      await expect(given.react(reaction, wrong as never)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    await expect(given.react(order as never)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });
});
