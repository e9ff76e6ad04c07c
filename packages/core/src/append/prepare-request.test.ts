import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { InvalidArgumentError } from '../errors/argument-errors.ts';
import { LeftfoldError } from '../errors/leftfold-error.ts';
import { defineEvents } from '../event/define-events.ts';
import { EventCatalog } from '../event/event-catalog.ts';
import type { NewEvent } from '../event/event.ts';
import type { AppendContext } from '../store/event-store.ts';
import type { AppendCondition } from '../store/query.ts';
import { defaultLimits } from './append-limits.ts';
import { prepareRequest } from './prepare-request.ts';

let parsed = 0;
const noteEvents = defineEvents('note', {
  written: z.object({ text: z.string().refine(() => (parsed += 1) > 0) }),
});
const catalog = new EventCatalog([noteEvents]);
const limits = { eventBytes: 100, appendBytes: 300, events: 5 };
const NOW = 1_760_000_000_000;

/** Not made by its creator, so that preparing it parses it. */
const written = (text: string): NewEvent => ({ type: 'note.written', schemaVersion: 1, data: { text } });

function prepare(events: readonly NewEvent[], context: AppendContext = {}, streamId = 'note-1') {
  return prepareRequest({ catalog, limits, now: NOW }, [{ streamId, events }], context);
}

describe('a prepared append', () => {
  test('is refused when its list of events lacks an element', () => {
    expect(() => prepare(new Array(2))).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
  });

  test('has each event with its id, its JSON text and its metadata', () => {
    const tags = ['author:ada'];
    const request = prepare(
      [
        { ...written('a'), tags },
        { ...written('b'), metadata: { actor: 'Bob' } },
      ],
      {
        commandId: 'c',
        metadata: { actor: 'Ada', tenant: 'eu' },
      },
    );
    expect(request).toMatchObject({ commandId: 'c', condition: undefined, eventCount: 2 });
    expect(request.streams).toMatchObject([{ streamId: 'note-1', expectedVersion: 'any' }]);
    const [first, second] = request.streams[0]!.events;
    expect(first).toEqual({
      id: 'c:1',
      type: 'note.written',
      schemaVersion: 1,
      read: { schemaVersion: 1, data: { text: 'a' } },
      dataJson: '{"text":"a"}',
      metadata: { actor: 'Ada', tenant: 'eu', commandId: 'c' },
      metadataJson: '{"actor":"Ada","tenant":"eu","commandId":"c"}',
      tags: ['author:ada'],
    });
    expect(second).toMatchObject({
      id: 'c:2',
      metadata: { actor: 'Bob', tenant: 'eu', commandId: 'c' },
      tags: [],
    });
    expect(request.size).toBe(
      request.streams[0]!.events.map((e) => e.dataJson + e.metadataJson + e.tags.join('')).join('').length,
    );
    expect([...request.tags]).toEqual(['author:ada']);
    tags.push('changed:later');
    expect(first?.tags).toEqual(['author:ada']);
  });

  test('has UUIDs for events without an id', () => {
    const ids = prepare([written('a'), written('b')]).streams[0]!.events.map(({ id }) => id);
    expect(ids.every((id) => id.startsWith('0199c82c-c000-7'))).toBe(true);
    expect(ids.toSorted()).toEqual(ids);
  });

  test('has ids of its own, or a command id that makes them, and not both', () => {
    const own = [{ ...written('a'), id: 'own' }];
    expect(prepare(own).streams[0]!.events[0]!.id).toBe('own');
    expect(() => prepare(own, { commandId: 'c' })).toThrow(
      'id of event "note.written" must be left out in an append with a command id',
    );
  });

  test('has its condition as a list of queries', () => {
    const one: AppendCondition = { failIfMatch: { tags: ['a:1'], types: ['note.written'] } };
    expect(prepare([], { condition: one }).condition).toEqual({ queries: [one.failIfMatch], after: 0 });
    const two: AppendCondition = { failIfMatch: [{ tags: ['a:1'] }, { tags: ['b:1'] }], after: 7 };
    expect(prepare([], { condition: two }).condition).toEqual({ queries: two.failIfMatch, after: 7 });
  });
});

describe('a value that is no name, however deeply it is nested or however long it is', () => {
  let nested: unknown = [];
  for (let level = 0; level < 100_000; level += 1) nested = [nested];
  const long = 'x'.repeat(1_000_000);

  test.for(['type', 'id', 'tags', 'schemaVersion'])('is refused as %s of an event', (member) => {
    for (const value of [nested, long]) {
      const event = { ...written('a'), [member]: member === 'tags' ? [value] : value };
      expect(refusalOf(() => prepare([event]))).toMatch(/^INVALID_(NAME|ARGUMENT) .{1,200}$/);
    }
  });

  test.for(['types', 'tags'])('is refused as one of the %s of a query', (member) => {
    for (const value of [nested, long]) {
      const query = { types: ['note.written'], tags: ['a'] as const, [member]: [value] };
      const context = { condition: { failIfMatch: query } };
      expect(refusalOf(() => prepare([], context))).toMatch(/^INVALID_NAME .{1,200}$/);
    }
  });

  function refusalOf(attempt: () => unknown): string {
    try {
      attempt();
    } catch (error) {
      if (LeftfoldError.is(error)) return `${error.code} ${error.message}`;
      throw error;
    }
    return 'none';
  }
});

describe('the order of checks', () => {
  test('refuses too many events before it parses one of them', () => {
    const before = parsed;
    expect(() => prepare(Array.from({ length: 6 }, () => written('a')))).toThrow('number of events');
    expect(() => prepare([written('a')], { condition: { failIfMatch: [] } })).toThrow(InvalidArgumentError);
    expect(() => prepare([written('a')], {}, '')).toThrow('stream id ""');
    expect(parsed).toBe(before);
  });

  test('refuses an event that is too large before it searches its content', () => {
    expect(() => prepare([written(`${'x'.repeat(200)}\u0000`)])).toThrow(
      'size of event "note.written" in bytes',
    );
    expect(() => prepare([written('\u0000')])).toThrow('has a NUL character');
  });

  test('parses no event after the one that exceeds the limit of the append', () => {
    const before = parsed;
    const events = Array.from({ length: 5 }, () => written('x'.repeat(80)));
    expect(() => prepare(events)).toThrow(
      'size of the append in bytes for stream "note-1" is 372, the limit is 300',
    );
    expect(parsed - before).toBe(4);
  });
});

describe('sizes', () => {
  test('are those of data and metadata in UTF-8', () => {
    // {"text":""} and {} are 13 bytes.
    for (const [filler, bytes] of [
      ['x', 1],
      ['é', 2],
      ['€', 3],
      ['🦊', 4],
    ] as const) {
      const most = Math.floor((100 - 13) / bytes);
      expect(prepare([written(filler.repeat(most))]).eventCount).toBe(1);
      expect(() => prepare([written(filler.repeat(most + 1))])).toThrow('the limit is 100');
    }
  });

  test('of an append are counted in bytes when its characters may exceed the limit', () => {
    const events = (filler: string, length: number) =>
      Array.from({ length: 5 }, () => written(filler.repeat(length)));
    expect(prepare(events('x', 47)).eventCount).toBe(5);
    expect(() => prepare(events('x', 48))).toThrow('is 305, the limit is 300');
    expect(prepare(events('€', 15)).eventCount).toBe(5);
    expect(() => prepare(events('€', 16))).toThrow('is 305, the limit is 300');
  });

  test('count the tags, in UTF-8', () => {
    // {"text":""} and {} are 13 bytes.
    const tagged = (...tags: string[]) => ({ ...written(''), tags });
    expect(prepare([tagged('x'.repeat(47), '€'.repeat(13), 'y')]).eventCount).toBe(1);
    expect(() => prepare([tagged('x'.repeat(47), '€'.repeat(13), 'yy')])).toThrow(
      'size of event "note.written" in bytes for stream "note-1" is 101, the limit is 100',
    );
    const events = (length: number) => Array.from({ length: 5 }, () => tagged('x'.repeat(length)));
    expect(prepare(events(47)).eventCount).toBe(5);
    expect(() => prepare(events(48))).toThrow(
      'size of the append in bytes for stream "note-1" is 305, the limit is 300',
    );
  });

  test('of a single event are subject to the limit of the append as well', () => {
    const small = { catalog, limits: { ...defaultLimits, appendBytes: 20 }, now: NOW };
    const attempt = (text: string) =>
      prepareRequest(small, [{ streamId: 'note-1', events: [written(text)] }], {});
    expect(attempt('1234567').eventCount).toBe(1);
    expect(() => attempt('12345678')).toThrow('size of the append in bytes for stream "note-1" is 21');
  });
});
