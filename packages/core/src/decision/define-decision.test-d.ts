import { account, transfer } from '@leftfold/testbed/bank';
import { courseEvents, load, seats, subscribe } from '@leftfold/testbed/courses';
import { describe, expectTypeOf, test } from 'vitest';
import { z } from 'zod';
import type { CommandEvent, CommandReason, CommandRole } from '../aggregate/command.ts';
import { reject } from '../aggregate/reject.ts';
import type { NewEvent } from '../event/event.ts';
import { defineDecision } from './define-decision.ts';

const input = z.object({ from: z.string(), to: z.string(), cents: z.int() });
type Transfer = z.output<typeof input>;
const reads = ({ from, to }: Transfer) => ({ from: account.at(from), to: account.at(to) });
const base = { name: 'transfer', input, reads } as const;

describe('a command', () => {
  test('has its input, its events, its rejections and the roles of its aggregates', () => {
    const command = transfer.command({ from: 'a', to: 'b', cents: 5 });
    expectTypeOf(command.decision).toEqualTypeOf<'transfer'>();
    expectTypeOf(command.input).toEqualTypeOf<{ from: string; to: string; cents: number }>();
    expectTypeOf<CommandEvent<typeof command>>().toEqualTypeOf<
      NewEvent<'account.withdrawn', { cents: number }> | NewEvent<'account.deposited', { cents: number }>
    >();
    expectTypeOf<CommandReason<typeof command>>().toEqualTypeOf<'insufficient-funds' | 'account-not-open'>();
    expectTypeOf<CommandRole<typeof command>>().toEqualTypeOf<'from' | 'to'>();
  });

  test('of folds has no roles of aggregates', () => {
    const command = subscribe.command({ courseId: 'c', studentId: 's' });
    expectTypeOf<CommandRole<typeof command>>().toEqualTypeOf<never>();
    expectTypeOf<CommandEvent<typeof command>>().toEqualTypeOf<
      NewEvent<'course.subscribed', { courseId: string; studentId: string }>
    >();
  });

  test('with another input does not compile', () => {
    // @ts-expect-error "to" is missing
    transfer.command({ from: 'a', cents: 5 });
    // @ts-expect-error there is no field "via"
    transfer.command({ from: 'a', to: 'b', cents: 5, via: 'c' });
  });
});

describe('the rule', () => {
  test('sees the state of each role, and emits events by role and by category', () => {
    defineDecision({
      name: 'subscribe',
      input: z.object({ courseId: z.string(), studentIds: z.array(z.string()), payer: z.string() }),
      events: [courseEvents],
      reads: ({ courseId, studentIds, payer }) => ({
        course: seats.for({ course: courseId }),
        loads: studentIds.map((studentId) => load.for({ student: studentId })),
        payer: account.at(payer),
      }),
      decide: (states, { courseId, studentIds }, emit) => {
        expectTypeOf(states.course).toEqualTypeOf<{ readonly planned: boolean; readonly free: number }>();
        expectTypeOf(states.loads).toEqualTypeOf<readonly number[]>();
        expectTypeOf(states.payer).toEqualTypeOf<{ readonly open: boolean; readonly cents: number }>();
        expectTypeOf<keyof typeof emit>().toEqualTypeOf<'course' | 'payer'>();
        return [
          emit.payer.withdrawn({ cents: 5 }),
          ...studentIds.map((studentId) => emit.course.subscribed({ courseId, studentId })),
        ];
      },
    });
    // @ts-expect-error there is no role "via"
    defineDecision({ ...base, decide: ({ via }) => (via ? [] : []) });
  });

  test('cannot read folds over events that it does not declare', () => {
    const reading = {
      name: 'subscribe',
      input: z.object({ courseId: z.string() }),
      reads: ({ courseId }: { courseId: string }) => ({
        course: seats.for({ course: courseId }),
        courses: [seats.for({ course: courseId })],
      }),
    } as const;
    defineDecision({
      ...reading,
      decide: (states) => {
        expectTypeOf(states.course).toEqualTypeOf<'events of the decision lacks the group "course"'>();
        expectTypeOf(states.courses).toEqualTypeOf<'events of the decision lacks the group "course"'>();
        return [];
      },
    });
    // @ts-expect-error the state is not known
    defineDecision({ ...reading, decide: ({ course }) => (course.free === 0 ? reject('full') : []) });
    defineDecision({
      ...reading,
      events: [courseEvents],
      decide: ({ course }) => (course.free === 0 ? reject('full') : []),
    });
  });

  test('cannot emit what is not its own', () => {
    // @ts-expect-error there is no event "frozen"
    defineDecision({ ...base, decide: (_states, _input, emit) => emit.from.frozen({}) });
    // @ts-expect-error an event of no known type
    defineDecision({ ...base, decide: () => ({ type: 'account.lost', schemaVersion: 1, data: {} }) });
    // @ts-expect-error the group of the event is not in events
    defineDecision({ ...base, decide: () => courseEvents.create.announced({ text: '' }) });
    // @ts-expect-error events by role: each event knows its role
    defineDecision({ ...base, decide: (_states, { cents }, emit) => ({ to: emit.to.deposited({ cents }) }) });
  });

  test('is synchronous', () => {
    // @ts-expect-error decide is synchronous
    defineDecision({ ...base, decide: async (_states, { cents }, emit) => emit.from.withdrawn({ cents }) });
  });

  test('rejects only for a declared reason', () => {
    defineDecision({
      ...base,
      rejections: ['account-closed'],
      // @ts-expect-error "acount-closed" is misspelt
      decide: (states, { cents }, emit) => {
        if (!states.to.open) return reject('acount-closed');
        return emit.from.withdrawn({ cents });
      },
    });
  });
});

test('reading what is neither an aggregate nor a fold does not compile', () => {
  // @ts-expect-error seats is not yet a fold over certain tags
  defineDecision({ ...base, reads: () => ({ course: seats }), decide: () => [] });
  // @ts-expect-error a text is none
  defineDecision({ ...base, reads: () => ({ course: 'c1' }), decide: () => [] });
});
