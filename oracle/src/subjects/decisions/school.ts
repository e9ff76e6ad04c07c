import { defineDecision, reject } from '@leftfold/core';
import { z } from 'zod';
import {
  account,
  attendance,
  auditEvents,
  catalog,
  courseEvents,
  invoiceEvents,
  lastNumber,
  load,
  nameTaken,
  seats,
  userEvents,
} from './school-events.ts';

/** Courses that a student takes at most. */
export const MOST_COURSES = 3;

const place = z.object({ course: z.string(), student: z.string() });

/** By tags and types, and by types alone. */
const plan = defineDecision({
  name: 'plan',
  input: z.object({ course: z.string(), seats: z.int() }),
  events: [courseEvents],
  reads: ({ course }) => ({ course: seats.for({ course }), catalog: catalog.all() }),
  decide: (states, planned, emit) =>
    states.course.planned
      ? reject('already-planned', sawOf(states))
      : emit.course.planned({ ...planned, ...sawOf(states) }),
});

/** By one tag, by another one, and by both. */
const subscribe = defineDecision({
  name: 'subscribe',
  input: place,
  events: [courseEvents],
  reads: ({ course, student }) => ({
    course: seats.for({ course }),
    taken: load.for({ student }),
    attends: attendance.for({ course, student }),
  }),
  decide: (states, subscribed, emit) => {
    if (states.attends) return reject('already-subscribed', sawOf(states));
    if (states.course.free <= 0) return reject('course-full', sawOf(states));
    if (states.taken >= MOST_COURSES) return reject('too-many-courses', sawOf(states));
    return emit.course.subscribed({ ...subscribed, ...sawOf(states) });
  },
});

const unsubscribe = defineDecision({
  name: 'unsubscribe',
  input: place,
  events: [courseEvents],
  reads: ({ course, student }) => ({ attends: attendance.for({ student, course }) }),
  decide: (states, unsubscribed, emit) =>
    states.attends
      ? emit.course.unsubscribed({ ...unsubscribed, ...sawOf(states) })
      : reject('not-subscribed', sawOf(states)),
});

/** By lists of folds, beside an aggregate. */
const buy = defineDecision({
  name: 'buy',
  input: z.object({ courses: z.array(z.string()), student: z.string(), payer: z.string() }),
  events: [courseEvents],
  reads: ({ courses, student, payer }) => ({
    courses: courses.map((course) => seats.for({ course })),
    attends: courses.map((course) => attendance.for({ student, course })),
    taken: load.for({ student }),
    payer: account.at(payer),
  }),
  decide: (states, { courses, student }, emit) => {
    if (states.attends.some(Boolean)) return reject('already-subscribed', sawOf(states));
    if (states.courses.some(({ free }) => free <= 0)) return reject('course-full', sawOf(states));
    if (states.taken + courses.length > MOST_COURSES) return reject('too-many-courses', sawOf(states));
    if (states.payer.cents < courses.length) return reject('insufficient-funds', sawOf(states));
    return [
      emit.payer.withdrawn({ cents: courses.length, ...sawOf(states) }),
      ...courses.map((course) => emit.course.subscribed({ course, student, ...sawOf(states) })),
    ];
  },
});

const register = defineDecision({
  name: 'register',
  input: z.object({ name: z.string() }),
  events: [userEvents],
  reads: ({ name }) => ({ taken: nameTaken.for({ name }) }),
  decide: (states, { name }, emit) =>
    states.taken ? reject('name-taken', sawOf(states)) : emit.user.registered({ name, ...sawOf(states) }),
});

/** By types alone, of which the last event counts. */
const issue = defineDecision({
  name: 'issue',
  input: z.object({}),
  events: [invoiceEvents],
  reads: () => ({ last: lastNumber.all() }),
  decide: (states, _input, emit) => emit.invoice.issued({ number: states.last + 1, ...sawOf(states) }),
});

export const school = {
  events: [courseEvents, userEvents, invoiceEvents, auditEvents, account.events],
  aggregates: [account],
  decisions: { plan, subscribe, unsubscribe, buy, register, issue },
} as const;

function sawOf(states: object): { readonly saw: string } {
  return { saw: JSON.stringify(states) };
}
