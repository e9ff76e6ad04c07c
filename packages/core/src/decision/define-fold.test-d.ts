import { courseEvents, load, seats } from '@leftfold/testbed/courses';
import { account, accountEvents } from '@leftfold/testbed/bank';
import { expectTypeOf, test } from 'vitest';
import { defineFold } from './define-fold.ts';

const events = [courseEvents] as const;

test('tags are those that every event which counts declares', () => {
  seats.for({ course: 'c1' });
  // @ts-expect-error a course is planned for no student: the fold would not see it
  seats.for({ course: 'c1', student: 7 });
  load.for({ course: 'c1', student: 7 });
  // @ts-expect-error no event declares "room"
  seats.for({ room: 'r1' });
  // @ts-expect-error no tag would match every event; all() says so
  seats.for({});
  const planned = defineFold({ events, initialState: 0, evolve: { 'course.planned': (count) => count + 1 } });
  // @ts-expect-error "student" is a tag of other events only
  planned.for({ student: 's1' });
  // @ts-expect-error a tag is a text or a number
  seats.for({ course: true });
});

test('the last event alone says what the state is', () => {
  defineFold({
    events,
    initialState: 0,
    last: true,
    evolve: {
      'course.planned': (state, { seats }) => {
        expectTypeOf(state).toEqualTypeOf<undefined>();
        return seats;
      },
    },
  });
  defineFold({
    events,
    initialState: 0,
    last: true,
    // @ts-expect-error there is no state before
    evolve: { 'course.planned': (count) => count + 1 },
  });
});

test('a fold over events without tags has nothing to ask for but all', () => {
  const announcements = defineFold({
    events: [courseEvents, accountEvents],
    initialState: 0,
    evolve: { 'course.announced': (count) => count + 1, 'account.opened': (count) => count },
  });
  announcements.all();
  // @ts-expect-error its events have no tags
  announcements.for({ course: 'c1' });
});

test('handlers know the state and the payload, and return nothing else', () => {
  defineFold({
    events,
    initialState: { seats: 0 },
    evolve: {
      'course.planned': (state, data, tags) => {
        expectTypeOf(tags).toEqualTypeOf<{
          readonly course?: string | number;
          readonly student?: string | number;
        }>();
        expectTypeOf(state).toEqualTypeOf<{ readonly seats: number }>();
        expectTypeOf(data).toEqualTypeOf<{ courseId: string; seats: number }>();
        return { seats: data.seats };
      },
    },
  });
  // @ts-expect-error there is no such event
  defineFold({ events, initialState: 0, evolve: { 'course.closed': () => 0 } });
  defineFold({
    events,
    initialState: { seats: 0 },
    // @ts-expect-error the state has no field "free"
    evolve: { 'course.planned': () => ({ seats: 1, free: 1 }) },
  });
});

test('what is read carries the state', () => {
  expectTypeOf(load.for({ student: 's1' }).fold.initialState).toEqualTypeOf<number>();
  expectTypeOf(account.at('a').aggregate.initialState).toEqualTypeOf<{
    readonly open: boolean;
    readonly cents: number;
  }>();
});
