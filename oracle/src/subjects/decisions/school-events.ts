import { defineAggregate, defineEvents, defineFold, tagged } from '@leftfold/core';
import { z } from 'zod';

/** What `decide` saw, as JSON: the states by role. */
const saw = z.string();
const place = z.object({ course: z.string(), student: z.string() });

const bothTags = ({ course, student }: z.output<typeof place>) => ({ course, student });

export const courseEvents = defineEvents('course', {
  planned: tagged(z.object({ course: z.string(), seats: z.int(), saw }), ({ course }) => ({ course })),
  /** Appended without a condition. */
  extended: tagged(z.object({ course: z.string(), seats: z.int() }), ({ course }) => ({ course })),
  subscribed: tagged(place.extend({ saw }), bothTags),
  unsubscribed: tagged(place.extend({ saw }), bothTags),
});

export const userEvents = defineEvents('user', {
  registered: tagged(z.object({ name: z.string(), saw }), ({ name }) => ({ name })),
});

/** They have no tags, and each has a stream of its own: nothing but their type keeps them apart. */
export const invoiceEvents = defineEvents('invoice', {
  issued: z.object({ number: z.int(), saw }),
});

/** What is appended by hand, with tags given by hand. */
export const auditEvents = defineEvents('audit', {
  /** What its append had read, as JSON; null without a condition. */
  marked: z.object({ read: z.string().nullable() }),
  noted: z.object({}),
});

const cents = z.int().positive();
const accountEvents = defineEvents('account', {
  deposited: z.object({ cents }),
  withdrawn: z.object({ cents, saw }),
});

export const account = defineAggregate({
  events: accountEvents,
  initialState: { cents: 0 },
  evolve: {
    deposited: (state, data) => ({ cents: state.cents + data.cents }),
    withdrawn: (state, data) => ({ cents: state.cents - data.cents }),
  },
  commands: {
    deposit: { input: z.object({ cents }), decide: (_state, input, emit) => emit.deposited(input) },
  },
});

export const seats = defineFold({
  events: [courseEvents],
  initialState: { planned: false, free: 0 },
  evolve: {
    'course.planned': (state, data) => ({ planned: true, free: state.free + data.seats }),
    'course.extended': (state, data) => ({ ...state, free: state.free + data.seats }),
    'course.subscribed': (state) => ({ ...state, free: state.free - 1 }),
    'course.unsubscribed': (state) => ({ ...state, free: state.free + 1 }),
  },
});

export const load = defineFold({
  events: [courseEvents],
  initialState: 0,
  evolve: { 'course.subscribed': (count) => count + 1, 'course.unsubscribed': (count) => count - 1 },
});

export const attendance = defineFold({
  events: [courseEvents],
  initialState: false,
  evolve: { 'course.subscribed': () => true, 'course.unsubscribed': () => false },
});

export const catalog = defineFold({
  events: [courseEvents],
  initialState: { courses: 0, seats: 0 },
  evolve: {
    'course.planned': (state, data) => ({ courses: state.courses + 1, seats: state.seats + data.seats }),
    'course.extended': (state, data) => ({ ...state, seats: state.seats + data.seats }),
  },
});

export const nameTaken = defineFold({
  events: [userEvents],
  initialState: false,
  evolve: { 'user.registered': () => true },
});

export const lastNumber = defineFold({
  events: [invoiceEvents],
  initialState: 0,
  last: true,
  evolve: { 'invoice.issued': (_state, { number }) => number },
});
