import { courseEvents, seats } from '@leftfold/testbed/courses';
import { describe, expect, test } from 'vitest';
import { InvalidArgumentError } from '../errors/argument-errors.ts';
import { defineFold } from './define-fold.ts';

const planned = courseEvents.create.planned({ courseId: 'c1', seats: 2 });
const subscribed = courseEvents.create.subscribed({ courseId: 'c1', studentId: 's1' });

test('a fold reads the types that it has a function for, and leaves its state at others', () => {
  expect(seats.types).toEqual(['course.planned', 'course.subscribed', 'course.unsubscribed']);
  const state = [planned, subscribed].reduce(
    (at, event) => seats.evolve(at, event, {}),
    seats.initialState as unknown,
  );
  expect(state).toEqual({ planned: true, free: 1 });
  expect(seats.evolve(state, courseEvents.create.announced({ text: '' }), {})).toBe(state);
});

test('a function that is undefined is none', () => {
  const fold = defineFold({
    events: [courseEvents],
    initialState: 0,
    // @ts-expect-error JavaScript may give nothing
    evolve: { 'course.planned': (count: number) => count + 1, 'course.announced': undefined },
  });
  expect(fold.types).toEqual(['course.planned']);
});

test('a function that is asynchronous is named, and ends no process', () => {
  const fold = defineFold({
    events: [courseEvents],
    initialState: 0,
    // @ts-expect-error JavaScript may return a promise
    evolve: { 'course.planned': () => Promise.reject(new Error('lost')) },
  });
  expect(() => fold.evolve(0, planned, {})).toThrow(
    'evolve of event "course.planned" returned a promise; it must be synchronous',
  );
});

test('tags are texts of a key and a value', () => {
  expect(seats.for({ course: 'c1' }).tags).toEqual(['course:c1']);
  expect(seats.for({ course: 7 }).tags).toEqual(['course:7']);
  expect(seats.all().tags).toEqual([]);
});

describe('refused is', () => {
  test.each<[string, unknown, string]>([
    ['no tag at all', {}, 'tags must name at least one; take all() for the events with any tags'],
    [
      'a tag that is undefined, beside another one',
      { course: 'c1', student: undefined },
      'tags has a value for "student" that is no tag; give a text that is not empty, or a number, or leave the key out',
    ],
    [
      'an empty text',
      { course: '' },
      'tags has a value for "course" that is no tag; give a text that is not empty, or a number',
    ],
    ['NaN', { course: Number.NaN }, 'give a text that is not empty, or a number'],
    ['an object', { course: {} }, 'give a text that is not empty, or a number'],
    ['nothing', undefined, 'tags must be an object with a value for each key'],
  ])('%s', (_what, tags, message) => {
    expect(() => seats.for(tags as never)).toThrow(InvalidArgumentError);
    expect(() => seats.for(tags as never)).toThrow(message);
  });

  test('a fold without a function, or with one for no event', () => {
    const events = [courseEvents];
    expect(() => defineFold({ events, initialState: 0, evolve: {} })).toThrow('evolve has no function');
    const misspelt = { 'course.planed': () => 0 };
    expect(() => defineFold({ events, initialState: 0, evolve: misspelt as never })).toThrow(
      InvalidArgumentError,
    );
  });

  test('an initial state that cannot be frozen', () => {
    const evolve = { 'course.planned': (state: ReadonlySet<string>) => state };
    expect(() => defineFold({ events: [courseEvents], initialState: new Set(['a']), evolve })).toThrow(
      expect.objectContaining({ code: 'INVALID_DEFINITION' }),
    );
  });
});
