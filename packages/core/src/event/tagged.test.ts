import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { defaultLimits } from '../append/append-limits.ts';
import { prepareRequest } from '../append/prepare-request.ts';
import { defineEvents } from './define-events.ts';
import { EventCatalog } from './event-catalog.ts';
import type { NewEvent } from './event.ts';
import { schemaVersions } from './schema-versions.ts';
import { tagged } from './tagged.ts';
import type { TagValues } from './tagged-shape.ts';

const enrolment = z.object({ courseId: z.string().trim(), studentIds: z.array(z.string()) });
const courseEvents = defineEvents('course', {
  enrolled: tagged(enrolment, ({ courseId, studentIds }) => ({ course: courseId, student: studentIds })),
  renamed: z.object({ title: z.string() }),
});

/** The tags with which events are stored. */
function tagsOf(events: typeof courseEvents | ReturnType<typeof returning>, event: NewEvent) {
  const catalog = new EventCatalog([events]);
  const context = { catalog, limits: defaultLimits, now: 0 };
  const request = prepareRequest(context, [{ streamId: 'course-1', events: [event] }], {});
  return request.streams[0]?.events[0]?.tags;
}

/** Events whose tags are what the function returns, whatever its type. */
function returning(tags: () => unknown) {
  return defineEvents('course', { held: tagged(z.object({}), tags as () => TagValues) });
}

describe('the tags of an event', () => {
  test('are made of its parsed payload', () => {
    const event = courseEvents.create.enrolled({ courseId: ' c1 ', studentIds: ['ada', 'bob'] });
    expect(tagsOf(courseEvents, event)).toEqual(['course:c1', 'student:ada', 'student:bob']);
  });

  test('are made for an event that no creator has made', () => {
    const data = { courseId: ' c1 ', studentIds: [] };
    expect(tagsOf(courseEvents, { type: 'course.enrolled', schemaVersion: 1, data })).toEqual(['course:c1']);
  });

  test('are added to those that it is given, each once', () => {
    const given = ['course:c1', 'term:spring'];
    const event = courseEvents.create.enrolled({ courseId: 'c1', studentIds: ['ada'] }, { tags: given });
    expect(tagsOf(courseEvents, event)).toEqual(['course:c1', 'student:ada', 'term:spring']);
  });

  test('are none where none are declared', () => {
    expect(tagsOf(courseEvents, courseEvents.create.renamed({ title: 'Logic' }))).toEqual([]);
  });

  test('are made of the version that is written', () => {
    const v1 = z.object({ course: z.string() });
    const versions = schemaVersions(v1)
      .written()
      .next(z.object({ courseId: z.string() }), ({ course }) => ({ courseId: course }));
    const events = defineEvents('course', { held: tagged(versions, ({ course }) => ({ course })) });
    const event = events.create.held({ course: 'c1' });
    expect(tagsOf(events as never, event)).toEqual(['course:c1']);
  });

  test('leave out what is undefined, and take numbers', () => {
    const events = returning(() => ({ room: undefined, year: 2024 }));
    expect(tagsOf(events, events.create.held({}))).toEqual(['year:2024']);
  });

  test('count with the others towards the limit', () => {
    const ids = Array.from({ length: 64 }, (_, index) => `s${index}`);
    const event = courseEvents.create.enrolled({ courseId: 'c1', studentIds: ids });
    expect(() => tagsOf(courseEvents, event)).toThrow(
      /number of tags of event "course.enrolled" .*65.*limit.*64/s,
    );
  });

  test.each([
    ['no object', () => 'course:c1', /must return a plain object with a value for each key/],
    ['a list', () => ['course:c1'], /must return a plain object/],
    ['a promise', () => Promise.resolve({}), /must return a plain object/],
    ['null', () => ({ course: null }), /returned a value for "course" that is no tag/],
    ['an empty text', () => ({ course: '' }), /returned a value for "course" that is no tag/],
    ['NaN', () => ({ seats: Number.NaN }), /returned a value for "seats" that is no tag/],
    ['an object', () => ({ course: {} }), /returned a value for "course" that is no tag/],
    ['a key with a colon', () => ({ 'a:b': 'c' }), /returned the key .*; a key is not empty and has no ":"/],
    ['a NUL', () => ({ course: '\0' }), /has a control character/],
    ['a long text', () => ({ course: 'x'.repeat(255) }), /is too long/],
  ])('that are %s are refused', (_, tags, message) => {
    const events = returning(tags);
    expect(() => tagsOf(events, events.create.held({}))).toThrow(message);
  });
});

test('a shape that is none is refused', () => {
  expect(() => tagged({} as never, () => ({}))).toThrow(/shape must be a zod schema/);
  expect(() => tagged(z.object({}), 'course' as never)).toThrow(/tags must be a function/);
});
