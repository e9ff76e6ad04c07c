import { aggregateIdOf, defineAggregate, defineEvents, defineSaga } from '@leftfold/core';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { inStream } from './given-events.ts';
import { given } from './given.ts';

const tripEvents = defineEvents('trip', {
  requested: z.object({ city: z.string(), cents: z.int() }),
  withdrawn: z.object({}),
});
const flightEvents = defineEvents('flight', { reserved: z.object({}), released: z.object({}) });
const nothing = z.object({});
const flight = defineAggregate({
  events: flightEvents,
  initialState: {},
  evolve: { reserved: (state) => state, released: (state) => state },
  commands: {
    reserve: { input: z.object({ to: z.string() }), decide: (_state, _input, emit) => emit.reserved({}) },
    release: { input: nothing, decide: (_state, _input, emit) => emit.released({}) },
    pay: { input: z.object({ cents: z.int() }), decide: () => [] },
    mail: { input: z.object({ room: z.int() }), decide: () => [] },
  },
});

const booking = defineSaga('booking', {
  events: [tripEvents],
  messages: { 'hotel.booked': z.object({ room: z.int() }), 'hotel.refused': nothing, 'guest.left': nothing },
  publishes: {
    hotelRequested: z.object({ tripId: z.string(), city: z.string() }),
    hotelReleased: z.object({ tripId: z.string(), room: z.int().optional() }),
    closed: z.object({ outcome: z.string(), reason: z.string() }),
  },
  startedBy: 'trip.requested',
  cancelledBy: ['trip.withdrawn', 'guest.left'],
  correlate: {
    'trip.requested': ({ streamId }) => aggregateIdOf(streamId),
    'trip.withdrawn': ({ streamId }) => aggregateIdOf(streamId),
  },
  compensationRetry: { attempts: 3, firstDelayMs: 100, maxDelayMs: 150 },
  ended: ({ outcome, reason }, out) => out.publish.closed({ outcome, reason }),
})
  .step('flight', {
    run: ({ id, input }) => flight.command.reserve(`${id}-flight`, { to: input.city }),
    compensate: ({ id }) => flight.command.release(`${id}-flight`, {}),
    retry: { attempts: 3, firstDelayMs: 1_000, maxDelayMs: 60_000 },
    timeoutMs: 10_000,
  })
  .step('hotel', {
    run: ({ id, input }, out) => out.publish.hotelRequested({ tripId: id, city: input.city }),
    answers: { done: ['hotel.booked'], refused: ['hotel.refused'] },
    compensate: ({ id, results }, out) => {
      const room = results.hotel?.room;
      return out.publish.hotelReleased({ tripId: id, ...(room !== undefined && { room }) });
    },
    timeoutMs: 60_000,
  })
  .pivot('pay', { run: ({ id, input }) => flight.command.pay(id, { cents: input.cents }) })
  .step('mail', {
    run: ({ id, results }) => flight.command.mail(id, { room: results.hotel.room }),
    retry: { firstDelayMs: 50, maxDelayMs: 80 },
  })
  .build();

const requested = inStream('trip-t1', tripEvents.create.requested({ city: 'Rome', cents: 5 }));
const booked = booking.message('hotel.booked', 't1', { room: 7 });
const refused = booking.message('hotel.refused', 't1', {});
const reserve = flight.command.reserve('t1-flight', { to: 'Rome' });
const release = flight.command.release('t1-flight', {});
const pay = flight.command.pay('t1', { cents: 5 });
const mail = flight.command.mail('t1', { room: 7 });
const { create } = booking.published;
const request = create.hotelRequested({ tripId: 't1', city: 'Rome' });
const releaseHotel = create.hotelReleased({ tripId: 't1' });
const releaseRoom = create.hotelReleased({ tripId: 't1', room: 7 });
const closed = (reason: string) =>
  create.closed({ outcome: reason === '' ? 'completed' : 'compensated', reason });
const schedule = (deadline: string, afterMs: number) => ({ kind: 'schedule', deadline, afterMs }) as const;
const cancel = (deadline: string) => ({ kind: 'cancel', deadline }) as const;
const atHotel = given(booking, [requested]);

describe('a saga', () => {
  test('runs its steps one after another, with the results of those before', () => {
    given(booking)
      .when(requested)
      .then([
        reserve,
        schedule('timeout-flight', 10_000),
        cancel('timeout-flight'),
        request,
        schedule('timeout-hotel', 60_000),
      ]);
    const outcome = atHotel.when(booked);
    outcome.then([cancel('timeout-hotel'), pay, mail, closed('')]).ended('completed');
    expect(outcome.state).toMatchObject({ phase: 'completed', input: { city: 'Rome' } });
  });

  test('goes back when a step is refused: only what has succeeded is compensated', () => {
    const outcome = atHotel.when(refused);
    outcome.thenCommands([release]).ended('completed');
    expect(outcome.state).toMatchObject({
      phase: 'compensated',
      reason: 'step "hotel" was refused: hotel.refused',
    });
    expect(booking.summaryOf(outcome.state)).toBe('compensated: step "hotel" was refused: hotel.refused');
    const first = given(booking).rejecting(reserve, 'full').when(requested);
    expect(first.after(1_000).after(2_000).ended('completed').commands).toEqual([reserve]);
  });

  test('goes back when the pivot is rejected, the last step first', () => {
    atHotel
      .rejecting('flight.pay', 'broke')
      .when(booked)
      .then([
        cancel('timeout-hotel'),
        pay,
        releaseRoom,
        schedule('published-hotel', 0),
        release,
        closed('step "pay" was refused: broke'),
      ])
      .ended('completed');
    expect.assertions(0);
  });

  test('tries a step again as often as it says, with back-off', () => {
    const once = given(booking).rejecting(reserve, 'full').when(requested);
    once.then([
      reserve,
      schedule('timeout-flight', 10_000),
      cancel('timeout-flight'),
      schedule('retry-flight', 1_000),
    ]);
    expect(booking.summaryOf(once.state)).toBe('waits to run flight');
    const twice = once.after(1_000);
    twice.thenCommands([reserve]);
    twice.after(1_999).thenNothing();
    const never = twice.after(2_000).thenCommands([reserve]).ended('completed');
    expect(never.state.phase).toBe('compensated');
    given(booking)
      .rejecting(reserve, 'full', { times: 2 })
      .when(requested)
      .after(5_000)
      .thenCommands([reserve, reserve]);
  });

  test('compensates a step without an answer, as nobody knows', () => {
    const late = atHotel.after(60_000);
    late
      .then([
        releaseHotel,
        schedule('published-hotel', 0),
        release,
        closed('step "hotel" had no answer within 60000 ms'),
      ])
      .ended('completed');
    late.when(booked).thenNothing();
    expect(late.state.steps['hotel']).toMatchObject({ run: 'unknown', compensation: 'done' });
  });

  test('compensates once more what is heard to have succeeded meanwhile, and not twice more', () => {
    const compensating = atHotel.unanswered(release).after(60_000);
    const heard = compensating.when(booked);
    heard.thenNothing().when(booked).thenNothing();
    const goingOn = heard.when({ type: 'accepted', as: 'compensate:flight#1' });
    goingOn.then([
      releaseRoom,
      schedule('published-hotel', 0),
      closed('step "hotel" had no answer within 60000 ms'),
    ]);
    goingOn.ended('completed');
    compensating.when(refused).when({ type: 'accepted', as: 'compensate:flight#1' }).ended('completed');
    expect(compensating.when(refused).state.steps['hotel']).toMatchObject({ run: 'refused' });
  });

  test('does not compensate a command again that was executed before its compensation', () => {
    const late = given(booking).unanswered(reserve).when(requested).after(10_000);
    late.thenCommands([release]);
    const accepted = late.when({ type: 'accepted', as: 'flight#1' });
    expect(accepted.commands).toEqual([]);
    accepted.ended('completed');
    late.when({ type: 'rejected', as: 'flight#1', reason: 'full' }).ended('completed');
    const nothingThere = late
      .rejecting(release, 'unknown')
      .when({ type: 'rejected', as: 'flight#1', reason: 'full' });
    expect(nothingThere.ended('completed').state.phase).toBe('compensated');
  });

  test('repeats steps behind the pivot until they succeed', () => {
    const mailing = atHotel.rejecting('flight.mail', 'down', { times: 20 }).when(booked);
    expect(mailing.after(50 + 80 * 18).commands).toHaveLength(19);
    mailing.after(50 + 80 * 19).ended('completed');
    expect(booking.summaryOf(mailing.after(50).state)).toBe('waits to run mail, attempt 2');
    mailing.when({ type: 'cancelled', reason: 'enough' }).thenNothing();
  });

  test('is stuck when a compensation stays rejected, and says what to do', () => {
    const stuck = atHotel.rejecting(release, 'locked').when(refused);
    stuck.then([cancel('timeout-hotel'), release, schedule('compensate-flight', 100)]);
    const failed = stuck
      .after(100)
      .then([release, schedule('compensate-flight', 150)])
      .after(150);
    failed
      .thenCommands([release])
      .ended(
        'failed',
        'CompensationStuck: the compensation of step "flight" was rejected 3 times, last because of "locked", and earlier steps wait for it; make it possible, then call app.processes.retry({ name: \'booking\' }, "t1", { reason: \'…\' })',
      );
    expect(failed.state.phase).toBe('stuck');
    expect(booking.summaryOf(failed.state)).toBe(
      'stuck at compensating flight: step "hotel" was refused: hotel.refused',
    );
    const retried = booking.evolve(failed.state, {
      type: 'accepted',
      id: '1',
      as: 'compensate:flight#3',
      command: '',
    });
    expect(retried).toMatchObject({ phase: 'compensated' });
  });

  test('is cancelled before the pivot has succeeded, and not behind it', () => {
    const cancelled = atHotel.when({ type: 'cancelled', reason: 'enough' });
    cancelled.then([
      cancel('timeout-hotel'),
      releaseHotel,
      schedule('published-hotel', 0),
      release,
      closed('cancelled: enough'),
    ]);
    const paying = atHotel.unanswered(pay).when(booked).when({ type: 'cancelled', reason: 'enough' });
    paying.thenNothing();
    expect(booking.summaryOf(paying.state)).toBe('runs pay; to be cancelled: enough');
    const paid = paying.when({ type: 'accepted', as: 'pay#1' }).ended('completed');
    expect(paid.state.phase).toBe('completed');
    const broke = paying.when({ type: 'rejected', as: 'pay#1', reason: 'broke' });
    expect(broke.ended('completed').state).toMatchObject({
      phase: 'compensated',
      reason: 'cancelled: enough',
    });
  });

  test('is cancelled by an event or a message as by an operator', () => {
    const withdrawn = inStream('trip-t1', tripEvents.create.withdrawn({}));
    const left = booking.message('guest.left', 't1', {});
    for (const [input, reason] of [
      [withdrawn, 'cancelled: trip.withdrawn'],
      [left, 'cancelled: guest.left'],
    ] as const) {
      atHotel
        .when(input)
        .then([
          cancel('timeout-hotel'),
          releaseHotel,
          schedule('published-hotel', 0),
          release,
          closed(reason),
        ])
        .ended('completed');
      const retrying = given(booking).rejecting(reserve, 'full').when(requested).when(input);
      retrying.then([cancel('retry-flight'), closed(reason)]).ended('completed');
      const paying = atHotel.unanswered(pay).when(booked).when(input);
      paying.thenNothing();
      const broke = paying.when({ type: 'rejected', as: 'pay#1', reason: 'broke' });
      expect(broke.ended('completed').state).toMatchObject({ phase: 'compensated', reason });
      const paid = paying.when({ type: 'accepted', as: 'pay#1' });
      expect(paid.ended('completed').state.phase).toBe('completed');
    }
  });

  test('ignores a cancellation behind its pivot, while it goes back, and before it was started', () => {
    const withdrawn = inStream('trip-t1', tripEvents.create.withdrawn({}));
    const mailing = atHotel.rejecting(mail, 'down', { times: 2 }).when(booked);
    mailing.when(withdrawn).thenNothing().after(1_000).ended('completed');
    const back = atHotel.unanswered(release).when(refused);
    expect(back.when(withdrawn).thenNothing().state.reason).toBe('step "hotel" was refused: hotel.refused');
    given(booking, [withdrawn]).when(requested).after(60_000).ended('completed');
    expect(given(booking, [withdrawn]).when(requested).state.phase).toBe('forward');
  });

  test('ignores what it does not wait for', () => {
    atHotel.when(requested).thenNothing();
    atHotel.when({ type: 'accepted', as: 'flight#1' }).thenNothing();
    atHotel.when({ type: 'rejected', as: 'other', reason: 'no' }).thenNothing();
    given(booking).unanswered(reserve).when(requested).when(booked).thenNothing();
    expect.assertions(0);
  });
});

test('a pivot without an answer is asked for again, also when a refusal would not be', () => {
  const asked = defineSaga('asked', {
    events: [tripEvents],
    messages: { 'bank.captured': nothing, 'bank.declined': nothing },
    publishes: { captureRequested: nothing },
    startedBy: 'trip.requested',
    correlate: { 'trip.requested': ({ streamId }) => aggregateIdOf(streamId) },
  })
    .pivot('capture', {
      run: (_scope, out) => out.publish.captureRequested({}),
      answers: { done: ['bank.captured'], refused: ['bank.declined'] },
      timeoutMs: 2_000,
    })
    .build();
  const late = given(asked, [requested]).after(2_000).after(1_000);
  expect(late.outputs).toContainEqual(expect.objectContaining({ event: 'captureRequested' }));
  expect(late.when(asked.message('bank.captured', 't1', {})).state.phase).toBe('completed');
  expect(late.when(asked.message('bank.declined', 't1', {})).state.phase).toBe('compensated');
});
