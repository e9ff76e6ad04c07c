import { aggregateIdOf, defineAggregate, defineEvents, defineSaga, reject } from '@leftfold/core';
import { z } from 'zod';

/** Where tickets are issued, while it is open. */
export const OFFICES = 5;
export const officeId = (number: number): string => `number-${number}`;
/** A room that is not answered in this time counts as unknown. */
export const ROOM_TIMEOUT_MS = 1_500;

const tripId = z.string();
const about = z.object({ tripId });

/** What will become of a trip, by its id. `slow`: somebody has to answer for the room, perhaps too late. */
const tripRequest = z.object({
  seat: z.enum(['free', 'taken', 'stubborn']),
  room: z.enum(['free', 'full', 'slow']),
  purse: z.enum(['full', 'empty']),
  office: z.string(),
});

export type TripRequest = z.output<typeof tripRequest>;

const tripEvents = defineEvents('trip', { requested: tripRequest });

export const trip = defineAggregate({
  events: tripEvents,
  initialState: {},
  evolve: { requested: (state) => state },
  commands: {
    request: { input: tripRequest, decide: (_state, input, emit) => emit.requested(input) },
  },
});

const seatEvents = defineEvents('seat', { reserved: about, released: about, loosened: z.object({}) });

/** Has its effect each time that it is asked: it does not know whether that is once too often. */
export const seat = defineAggregate({
  events: seatEvents,
  initialState: { loose: false },
  evolve: {
    reserved: (state) => state,
    released: (state) => state,
    loosened: (state) => ({ ...state, loose: true }),
  },
  commands: {
    reserve: {
      input: about.extend({ isFree: z.boolean() }),
      decide: (_state, { isFree, ...data }, emit) => (isFree ? emit.reserved(data) : reject('taken')),
    },
    release: {
      input: about.extend({ isStubborn: z.boolean() }),
      decide: (state, { isStubborn, ...data }, emit) =>
        isStubborn && !state.loose ? reject('stubborn') : emit.released(data),
    },
    loosen: { input: z.object({}), decide: (_state, _input, emit) => emit.loosened({}) },
  },
});

const roomEvents = defineEvents('room', {
  asked: about,
  booked: about,
  refused: about,
  cancelled: about,
  calledOff: about,
});

/** Answers by events. Refuses what was called off before it was answered. */
export const room = defineAggregate({
  events: roomEvents,
  initialState: { asked: false, booked: 0, cancelled: 0, calledOff: false },
  evolve: {
    asked: (state) => ({ ...state, asked: true }),
    booked: (state) => ({ ...state, booked: state.booked + 1 }),
    refused: (state) => state,
    cancelled: (state) => ({ ...state, cancelled: state.cancelled + 1 }),
    calledOff: (state) => ({ ...state, calledOff: true }),
  },
  commands: {
    book: {
      input: about.extend({ room: tripRequest.shape.room }),
      decide: (_state, { room: found, ...data }, emit) => {
        if (found === 'slow') return emit.asked(data);
        return found === 'free' ? emit.booked(data) : emit.refused(data);
      },
    },
    answer: {
      input: about,
      decide: (state, input, emit) => {
        if (!state.asked) return reject('not-asked');
        return state.calledOff ? emit.refused(input) : emit.booked(input);
      },
    },
    cancel: {
      input: about,
      decide: (state, input, emit) => {
        if (state.booked > state.cancelled) return emit.cancelled(input);
        return state.asked && state.booked === 0 && !state.calledOff ? emit.calledOff(input) : [];
      },
    },
  },
});

const purseEvents = defineEvents('purse', { paid: about });

export const purse = defineAggregate({
  events: purseEvents,
  initialState: {},
  evolve: { paid: (state) => state },
  commands: {
    pay: {
      input: about.extend({ isFull: z.boolean() }),
      decide: (_state, { isFull, ...data }, emit) => (isFull ? emit.paid(data) : reject('empty')),
    },
  },
});

const officeEvents = defineEvents('office', { opened: z.object({}), closed: z.object({}), issued: about });

export const office = defineAggregate({
  events: officeEvents,
  initialState: { open: false },
  evolve: {
    opened: (state) => ({ ...state, open: true }),
    closed: (state) => ({ ...state, open: false }),
    issued: (state) => state,
  },
  commands: {
    open: { input: z.object({}), decide: (_state, _input, emit) => emit.opened({}) },
    close: { input: z.object({}), decide: (_state, _input, emit) => emit.closed({}) },
    issue: {
      input: about,
      decide: (state, input, emit) => (state.open ? emit.issued(input) : reject('closed')),
    },
  },
});

/** Reserves a seat, books a room, pays and gets a ticket; or takes back what it has. */
export const booking = defineSaga('booking', {
  slices: 4,
  concurrency: 40,
  start: 'beginning',
  retry: { attempts: 5, firstDelayMs: 50, maxDelayMs: 1_000 },
  events: [tripEvents, roomEvents],
  publishes: { closed: z.object({ outcome: z.enum(['completed', 'compensated']), reason: z.string() }) },
  startedBy: 'trip.requested',
  correlate: {
    'trip.requested': ({ streamId }) => aggregateIdOf(streamId),
    'room.booked': ({ data }) => data.tripId,
    'room.refused': ({ data }) => data.tripId,
  },
  compensationRetry: { attempts: 3, firstDelayMs: 50, maxDelayMs: 200 },
  ended: ({ outcome, reason }, out) => out.publish.closed({ outcome, reason }),
})
  .step('seat', {
    run: ({ id, input }) => seat.command.reserve(id, { tripId: id, isFree: input.seat !== 'taken' }),
    compensate: ({ id, input }) =>
      seat.command.release(id, { tripId: id, isStubborn: input.seat === 'stubborn' }),
  })
  .step('room', {
    run: ({ id, input }) => room.command.book(id, { tripId: id, room: input.room }),
    answers: { done: ['room.booked'], refused: ['room.refused'] },
    compensate: ({ id }) => room.command.cancel(id, { tripId: id }),
    timeoutMs: ROOM_TIMEOUT_MS,
  })
  .pivot('pay', {
    run: ({ id, input }) => purse.command.pay(id, { tripId: id, isFull: input.purse === 'full' }),
  })
  .step('ticket', {
    run: ({ id, input }) => office.command.issue(input.office, { tripId: id }),
    retry: { firstDelayMs: 100, maxDelayMs: 1_000 },
  })
  .build();
