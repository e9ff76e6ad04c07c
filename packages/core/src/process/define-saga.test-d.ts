import { expectTypeOf, test } from 'vitest';
import { z } from 'zod';
import { defineAggregate } from '../aggregate/define-aggregate.ts';
import { defineEvents } from '../event/define-events.ts';
import { aggregateIdOf } from '../naming/stream-id.ts';
import { defineSaga } from './define-saga.ts';
import type { SagaStateOf } from './saga-builder.ts';

const tripEvents = defineEvents('trip', {
  requested: z.object({ city: z.string(), cents: z.int() }),
  priced: z.object({ tripId: z.string(), cents: z.int() }),
});
const trip = defineAggregate({
  events: tripEvents,
  initialState: {},
  evolve: { requested: (state) => state, priced: (state) => state },
  commands: {
    price: {
      input: z.object({ city: z.string() }),
      decide: (_state, _input, emit) => emit.priced({ tripId: '', cents: 1 }),
    },
  },
});
const options = {
  events: [tripEvents],
  messages: { 'hotel.booked': z.object({ room: z.int() }), 'hotel.full': z.object({}) },
  publishes: { hotelRequested: z.object({ city: z.string() }), closed: z.object({ reason: z.string() }) },
  startedBy: 'trip.requested',
  correlate: {
    'trip.requested': ({ streamId }: { readonly streamId: string }) => aggregateIdOf(streamId),
    'trip.priced': ({ data }: { readonly data: { readonly tripId: string } }) => data.tripId,
  },
} as const;

test('input, results and what it publishes are inferred', () => {
  const booking = defineSaga('booking', {
    ...options,
    ended: ({ outcome, input, reason }, out) => {
      expectTypeOf(outcome).toEqualTypeOf<'completed' | 'compensated'>();
      expectTypeOf(input.cents).toEqualTypeOf<number>();
      return out.publish.closed({ reason });
    },
  })
    .step('price', {
      run: ({ id, input }) => trip.command.price(id, { city: input.city }),
      answers: { done: ['trip.priced'] },
      compensate: ({ id, results }) => {
        expectTypeOf(results.price).toEqualTypeOf<{ tripId: string; cents: number } | undefined>();
        return trip.command.price(id, { city: '' });
      },
      timeoutMs: 1_000,
      retry: { attempts: 3 },
    })
    .step('plain', {
      run: ({ id, results }) => {
        expectTypeOf(results.price.cents).toEqualTypeOf<number>();
        return trip.command.price(id, { city: '' });
      },
      timeoutMs: 5,
    })
    .pivot('hotel', {
      run: ({ input }, out) => out.publish.hotelRequested({ city: input.city }),
      answers: { done: ['hotel.booked'], refused: ['hotel.full'] },
      timeoutMs: 5,
    })
    .step('last', {
      run: ({ id, results }) => {
        expectTypeOf(results.hotel.room).toEqualTypeOf<number>();
        expectTypeOf(results).not.toHaveProperty('plain');
        return trip.command.price(id, { city: '' });
      },
      retry: { firstDelayMs: 5 },
    })
    .build();
  expectTypeOf(booking.name).toEqualTypeOf<'booking'>();
  expectTypeOf<SagaStateOf<typeof booking>['input']>().toEqualTypeOf<{
    city: string;
    cents: number;
  } | null>();
  expectTypeOf(booking.message('hotel.booked', 't-1', { room: 5 }).aggregate).toEqualTypeOf<'booking'>();
  expectTypeOf(booking.published.create.closed({ reason: '' }).type).toEqualTypeOf<'booking.closed'>();
});

test('what does not compile', () => {
  // @ts-expect-error there is no event "trip.lost"
  defineSaga('booking', { ...options, startedBy: 'trip.lost' });
  defineSaga('booking', { ...options, cancelledBy: ['trip.priced', 'hotel.full'] });
  // @ts-expect-error there is no event or message "trip.lost"
  defineSaga('booking', { ...options, cancelledBy: ['trip.lost'] });
  // @ts-expect-error it starts the saga
  defineSaga('booking', { ...options, cancelledBy: ['trip.requested'] });
  const builder = defineSaga('booking', options);
  const run = () => trip.command.price('', { city: '' });
  // @ts-expect-error a step has this name
  builder.step('one', { run }).step('one', { run });
  // @ts-expect-error a step runs something
  builder.step('one', {});
  // @ts-expect-error there is no message "hotel.gone"
  builder.step('one', { run, answers: { done: ['hotel.gone'] } });
  // @ts-expect-error nothing answers what is published
  builder.step('one', { run: (_scope, out) => out.publish.hotelRequested({ city: '' }) });
  // @ts-expect-error it publishes no such event
  builder.step('one', { run: (_scope, out) => out.publish.lost({}), answers: { done: ['hotel.booked'] } });
  // @ts-expect-error a function of a step is synchronous
  builder.step('one', { run: async () => run() });
  // @ts-expect-error the step that it reads the result of comes later
  builder.step('one', { run: ({ results }) => trip.command.price(results.two.city, { city: '' }) });
  builder.step('one', { run }).step('two', {
    // @ts-expect-error a step without answers has no result
    run: ({ results }) => trip.command.price(results.one, { city: '' }),
  });
  // @ts-expect-error the pivot is not compensated
  builder.pivot('one', { run, compensate: run });
  // @ts-expect-error a command of the app is answered
  builder.pivot('one', { run, timeoutMs: 5 });
  // @ts-expect-error there is one pivot
  void builder.pivot('one', { run }).pivot;
  // @ts-expect-error behind the pivot nothing is compensated
  builder.pivot('one', { run }).step('two', { run, compensate: run });
  // @ts-expect-error behind the pivot a step is repeated until it succeeds
  builder.pivot('one', { run }).step('two', { run, retry: { attempts: 5 } });
});
