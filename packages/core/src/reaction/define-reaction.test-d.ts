import { expectTypeOf, test } from 'vitest';
import { z } from 'zod';
import { defineAggregate } from '../aggregate/define-aggregate.ts';
import { defineEvents } from '../event/define-events.ts';
import { reject } from '../aggregate/reject.ts';
import { defineReaction } from './define-reaction.ts';

const orders = defineEvents('order', { placed: z.object({ email: z.string() }), confirmed: z.object({}) });
const order = defineAggregate({
  events: orders,
  initialState: { confirmed: false },
  evolve: { placed: (state) => state, confirmed: () => ({ confirmed: true }) },
  rejections: ['already-confirmed'],
  commands: {
    confirm: {
      input: z.object({}),
      decide: (state, _input, emit) => (state.confirmed ? reject('already-confirmed') : emit.confirmed({})),
    },
  },
});

test('handlers have the events of their types, and results of commands have their reasons', () => {
  defineReaction({
    name: 'mails',
    events: [orders],
    key: ({ streamId }) => streamId,
    on: {
      'order.placed': async ({ data, type }, { execute, attempt, idempotencyKey }) => {
        expectTypeOf(data).toEqualTypeOf<{ email: string }>();
        expectTypeOf(type).toEqualTypeOf<'order.placed'>();
        expectTypeOf(attempt).toEqualTypeOf<number>();
        expectTypeOf(idempotencyKey).toEqualTypeOf<string>();
        const result = await execute(order.command.confirm('1', {}));
        if (result.outcome === 'rejected') expectTypeOf(result.reason).toEqualTypeOf<'already-confirmed'>();
        else expectTypeOf(result.duplicate).toEqualTypeOf<boolean>();
      },
    },
  });
});

test('what does not compile', () => {
  // @ts-expect-error there is no event "order.paid"
  defineReaction({ name: 'mails', events: [orders], on: { 'order.paid': async () => {} } });
  // @ts-expect-error a handler returns a promise
  defineReaction({ name: 'mails', events: [orders], on: { 'order.placed': () => 1 } });
  // @ts-expect-error a reaction starts at an end, a position or a time
  defineReaction({ name: 'mails', events: [orders], on: {}, start: 'middle' });
});
