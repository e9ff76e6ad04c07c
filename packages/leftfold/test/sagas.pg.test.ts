import { databaseTest } from '@leftfold/testbed/database';
import { failureOf } from '@leftfold/testbed/outcome';
import { expect } from 'vitest';
import { z } from 'zod';
import {
  aggregateIdOf,
  createApp,
  defineAggregate,
  defineEvents,
  defineReaction,
  defineSaga,
  reject,
} from '../src/index.ts';

const test = databaseTest();

const tripEvents = defineEvents('trip', { requested: z.object({ flight: z.string(), purse: z.string() }) });
const trip = defineAggregate({
  events: tripEvents,
  initialState: {},
  evolve: { requested: (state) => state },
  commands: {
    request: {
      input: z.object({ flight: z.string(), purse: z.string() }),
      decide: (_state, input, emit) => emit.requested(input),
    },
  },
});

const tripId = z.string();
/** Of a flight, or of a purse: trips take one unit each, and give it back. */
const storeEvents = defineEvents('store', {
  filled: z.object({ units: z.int() }),
  taken: z.object({ tripId }),
  returned: z.object({ tripId }),
  closed: z.object({ closed: z.boolean() }),
});
const noTrips: readonly string[] = [];
const store = defineAggregate({
  events: storeEvents,
  initialState: { units: 0, trips: noTrips, closed: false },
  evolve: {
    filled: (state, { units }) => ({ ...state, units }),
    taken: (state, data) => ({ ...state, trips: [...state.trips, data.tripId] }),
    returned: (state, data) => ({ ...state, trips: state.trips.filter((one) => one !== data.tripId) }),
    closed: (state, { closed }) => ({ ...state, closed }),
  },
  commands: {
    fill: { input: z.object({ units: z.int() }), decide: (_state, input, emit) => emit.filled(input) },
    take: {
      input: z.object({ tripId }),
      decide: (state, input, emit) =>
        state.trips.length >= state.units ? reject('none-left') : emit.taken(input),
    },
    giveBack: {
      input: z.object({ tripId }),
      decide: (state, input, emit) => (state.closed ? reject('closed') : emit.returned(input)),
    },
    close: { input: z.object({ closed: z.boolean() }), decide: (_state, input, emit) => emit.closed(input) },
  },
});

const bookingWith = (timeoutMs: number, firstDelayMs = 10) =>
  defineSaga('booking', {
    events: [tripEvents],
    messages: { 'hotel.booked': z.object({ room: z.int() }), 'hotel.full': z.object({}) },
    publishes: { hotelRequested: z.object({ tripId }), hotelReleased: z.object({ tripId }) },
    startedBy: 'trip.requested',
    correlate: { 'trip.requested': ({ streamId }) => aggregateIdOf(streamId) },
    compensationRetry: { attempts: 2, firstDelayMs },
  })
    .step('flight', {
      run: ({ id, input }) => store.command.take(input.flight, { tripId: id }),
      compensate: ({ id, input }) => store.command.giveBack(input.flight, { tripId: id }),
    })
    .step('hotel', {
      run: ({ id }, out) => out.publish.hotelRequested({ tripId: id }),
      answers: { done: ['hotel.booked'], refused: ['hotel.full'] },
      compensate: ({ id }, out) => out.publish.hotelReleased({ tripId: id }),
      timeoutMs,
    })
    .pivot('pay', { run: ({ id, input }) => store.command.take(input.purse, { tripId: id }) })
    .step('mail', {
      run: ({ id, results }) =>
        store.command.take('mails', { tripId: `${id} has room ${String(results.hotel.room)}` }),
      retry: { firstDelayMs: 20 },
    })
    .build();

const booking = bookingWith(100);

/** The other service: it books, is full for some, and does not answer others. */
const hotel = defineReaction({
  name: 'hotel',
  events: [booking.published],
  on: {
    'booking.hotelRequested': async ({ data }, { execute }) => {
      if (data.tripId.startsWith('silent')) return;
      const answer = data.tripId.startsWith('full')
        ? booking.message('hotel.full', data.tripId, {})
        : booking.message('hotel.booked', data.tripId, { room: 7 });
      await execute(answer);
    },
  },
});

test('each trip is booked as a whole, or not at all', async ({ database }) => {
  await using app = await createApp({
    aggregates: [trip, store],
    processes: [booking],
    reactions: [hotel],
    database: { url: database.connectionString },
  });
  await app.execute(store.command.fill('f-1', { units: 5 }));
  await app.execute(store.command.fill('p-1', { units: 3 }));
  const ids = ['a', 'b', 'full-1', 'c', 'silent-1', 'd', 'e', 'full-2'];
  for (const id of ids) await app.execute(trip.command.request(id, { flight: 'f-1', purse: 'p-1' }));
  // Nobody can be mailed yet: what is behind the pivot waits for that.
  const paid = () => app.load(store, 'p-1').then(({ state }) => state.trips);
  await expect.poll(async () => (await paid()).length, { timeout: 20_000 }).toBe(3);
  await app.execute(store.command.fill('mails', { units: 100 }));

  const ended = await Promise.all(ids.map((id) => app.processes.whenEnded(booking, id)));
  expect(ended.map(({ status }) => status)).toEqual(ids.map(() => 'completed'));
  const states = await Promise.all(ids.map((id) => app.processes.load(booking, id)));
  const completed = ids.filter((_, index) => states[index]?.state.phase === 'completed');
  expect(completed).toHaveLength(3);
  const { state: flights } = await app.load(store, 'f-1');
  expect(flights.trips.toSorted()).toEqual(completed.toSorted());
  expect((await paid()).toSorted()).toEqual(completed.toSorted());
  const { state: mails } = await app.load(store, 'mails');
  expect(mails.trips.toSorted()).toEqual(completed.map((id) => `${id} has room 7`).toSorted());
  expect((await app.processes.load(booking, 'silent-1')).summary).toMatch(
    /^compensated: step "(hotel" had no answer within 100 ms|flight" was refused: none-left)$/,
  );
});

test('a compensation that stays rejected is for an operator, who lets it go on', async ({ database }) => {
  await using app = await createApp({
    aggregates: [trip, store],
    processes: [booking],
    reactions: [hotel],
    database: { url: database.connectionString },
    schema: 'stuck',
  });
  await app.execute(store.command.fill('f-2', { units: 1 }));
  await app.execute(store.command.close('f-2', { closed: true }));
  await app.execute(trip.command.request('full-3', { flight: 'f-2', purse: 'p-2' }));
  const failed = await app.processes.whenEnded(booking, 'full-3');
  expect(failed).toMatchObject({
    status: 'failed',
    failure: expect.stringMatching(
      /^CompensationStuck: the compensation of step "flight" was rejected 2 times/,
    ),
  });
  await app.execute(store.command.close('f-2', { closed: false }));
  await app.processes.retry({ name: 'booking' }, 'full-3', { reason: 'it is open again' });
  await expect
    .poll(async () => (await app.processes.load(booking, 'full-3')).state.phase, { timeout: 20_000 })
    .toBe('compensated');
  expect((await app.load(store, 'f-2')).state.trips).toEqual([]);
});

test('an operator cancels what waits for an answer', async ({ database }) => {
  const patient = bookingWith(600_000);
  await using app = await createApp({
    aggregates: [trip, store],
    processes: [patient],
    database: { url: database.connectionString },
    schema: 'cancelled',
  });
  await app.execute(store.command.fill('f-3', { units: 1 }));
  await app.execute(trip.command.request('t', { flight: 'f-3', purse: 'p-3' }));
  await expect
    .poll(async () => (await app.load(store, 'f-3')).state.trips, { timeout: 20_000 })
    .toEqual(['t']);
  await app.processes.cancel(patient, 't', { reason: 'the guest is ill' });
  await app.processes.whenEnded(patient, 't');
  expect((await app.processes.load(patient, 't')).summary).toBe('compensated: cancelled: the guest is ill');
  expect((await app.load(store, 'f-3')).state.trips).toEqual([]);
});

test('an operator is told why a saga is not cancelled', async ({ database }) => {
  const slow = bookingWith(600_000, 60_000);
  await using app = await createApp({
    aggregates: [trip, store],
    processes: [slow],
    database: { url: database.connectionString },
    schema: 'kept',
  });
  for (const id of ['f-4', 'p-4']) await app.execute(store.command.fill(id, { units: 2 }));
  const wanted = { flight: 'f-4', purse: 'p-4' };
  const summaryOf = async (id: string) => {
    const instances = await app.processes.instances(slow);
    return instances.find((one) => one.id === id)?.summary ?? '';
  };
  const notCancelled = async (id: string) => {
    const before = await app.processes.load(slow, id);
    const failure = await failureOf(app.processes.cancel(slow, id, { reason: 'the guest is ill' }));
    expect((await app.processes.load(slow, id)).state.cancelled).toBe(before.state.cancelled);
    return failure;
  };
  // Behind its pivot: no mail can be sent.
  await app.execute(trip.command.request('paid', wanted));
  await expect.poll(() => summaryOf('paid'), { timeout: 20_000 }).toBe('runs hotel');
  await app.execute(slow.message('hotel.booked', 'paid', { room: 7 }));
  await expect.poll(() => summaryOf('paid'), { timeout: 20_000 }).toContain('mail');
  expect(await notCancelled('paid')).toMatchObject({
    code: 'PROCESS_OPERATION_REFUSED',
    operation: 'cancel',
    message: expect.stringContaining('its pivot has succeeded, so it only goes forward'),
  });
  // The flight is closed, so its compensation waits for another attempt.
  await app.execute(store.command.close('f-4', { closed: true }));
  await app.execute(trip.command.request('full', wanted));
  await expect.poll(() => summaryOf('full'), { timeout: 20_000 }).toBe('runs hotel');
  await app.execute(slow.message('hotel.full', 'full', {}));
  await expect.poll(() => summaryOf('full'), { timeout: 20_000 }).toContain('compensates flight');
  expect(await notCancelled('full')).toMatchObject({
    code: 'PROCESS_OPERATION_REFUSED',
    message: expect.stringContaining('it is being compensated'),
  });
});
