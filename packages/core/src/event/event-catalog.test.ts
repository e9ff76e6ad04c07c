import { guarantee } from '@leftfold/testbed/guarantees';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { DuplicateDefinitionError } from '../errors/definition-errors.ts';
import { defineEvents } from './define-events.ts';
import { EventCatalog } from './event-catalog.ts';
import { schemaVersions } from './schema-versions.ts';
import type { ReadPayload, StoredPayload } from './upcast.ts';

const accountEvents = defineEvents('account', {
  opened: schemaVersions(z.object({ name: z.string() }))
    .next(z.object({ owner: z.string(), currency: z.string().default('EUR') }), ({ name }) => ({
      owner: name,
    }))
    .next(
      z.object({ owner: z.string().min(1), currency: z.string(), tier: z.string().default('basic') }),
      (v2) => ({
        ...v2,
        currency: v2.currency.toLowerCase(),
      }),
    ),
  deposited: z.object({ cents: z.int().positive() }),
});
const catalog = new EventCatalog([accountEvents]);

/** What the one event of a stored payload is read as. */
function upcast(stored: StoredPayload, validate?: boolean, by = catalog) {
  const [{ schemaVersion, data }] = by.read(stored, validate) as [ReadPayload];
  return { schemaVersion, data };
}

function opened(schemaVersion: number, data: StoredPayload['data']): StoredPayload {
  return { type: 'account.opened', schemaVersion, data, position: 17 };
}

describe('upcasting', () => {
  test('turns version 1 into the newest version, with the defaults of each step', () => {
    expect(upcast(opened(1, { name: 'Ada' }))).toEqual({
      schemaVersion: 3,
      data: { owner: 'Ada', currency: 'eur', tier: 'basic' },
    });
  });

  test('starts at the version the event was stored with', () => {
    expect(upcast(opened(2, { owner: 'Ada', currency: 'USD' }))).toEqual({
      schemaVersion: 3,
      data: { owner: 'Ada', currency: 'usd', tier: 'basic' },
    });
  });

  test('returns data of the newest version as stored, unless it is to be validated', () => {
    const data = { owner: '', currency: 'eur', tier: 'basic' };
    expect(upcast(opened(3, data)).data).toBe(data);
    expect(() => upcast(opened(3, data), true)).toThrow(
      'data of event "account.opened" version 3 at position 17 does not fit: owner:',
    );
  });

  test('reports event and position when a result does not match the next schema', () => {
    expect(() => upcast(opened(1, { name: '' }))).toThrow(
      expect.objectContaining({
        code: 'INVALID_EVENT',
        schemaVersion: 1,
        position: 17,
        issues: [expect.objectContaining({ path: 'owner', code: 'too_small' })],
      }),
    );
  });

  test('reports the step that throws, with its cause', () => {
    const cause = new TypeError('boom');
    const events = defineEvents('account', {
      opened: schemaVersions(z.object({ name: z.string() }))
        .next(z.object({ name: z.string() }), (v1) => v1)
        .next(z.object({ name: z.string() }), () => {
          throw cause;
        }),
    });
    expect(() => new EventCatalog([events]).read(opened(1, { name: 'Ada' }))).toThrow(
      expect.objectContaining({
        code: 'INVALID_EVENT',
        message:
          'data of event "account.opened" version 1 at position 17 does not fit: the upcast from version 2 threw',
        cause,
      }),
    );
  });

  test('reports an unknown type or newer version with its position and the fix', () => {
    expect(() => upcast({ type: 'account.closed', schemaVersion: 1, data: {}, position: 9 })).toThrow(
      expect.objectContaining({
        code: 'UNKNOWN_EVENT',
        retryable: false,
        type: 'account.closed',
        position: 9,
        message:
          "event type \"account.closed\" at position 9 is unknown here; if a newer release wrote it, deploy that release, otherwise add its defineEvents(...) to the store's events, or read with unknownEvents: 'skip'",
      }),
    );
    expect(() => upcast(opened(4, {}))).toThrow(
      expect.objectContaining({
        code: 'UNKNOWN_EVENT',
        schemaVersion: 4,
        position: 17,
        message:
          'event type "account.opened" at position 17 has schema version 4, the newest known here is 3: a newer release wrote it; deploy a release that reads version 4 before one that writes it',
      }),
    );
  });
});

describe('an event to append', () => {
  test('is refused when its type has no definition', () => {
    expect(() => catalog.payloadOf({ type: 'account.closed', schemaVersion: 1, data: {} })).toThrow(
      'event type "account.closed" is unknown here; add its defineEvents(...) to the store\'s events',
    );
  });

  test('is refused when it was made under an older schema version', () => {
    expect(() =>
      catalog.payloadOf({ type: 'account.opened', schemaVersion: 1, data: { name: 'Ada' } }),
    ).toThrow(
      expect.objectContaining({
        code: 'UNKNOWN_EVENT',
        schemaVersion: 1,
        position: undefined,
        message:
          'event type "account.opened" was made with schema version 1, and version 3 is written here; make it by create of the defineEvents(...) that the store has',
      }),
    );
  });

  test('is parsed when it was not made by its creator', () => {
    const plain = { type: 'account.deposited', schemaVersion: 1 };
    expect(catalog.payloadOf({ ...plain, data: { cents: 5, noise: true } })).toEqual({ cents: 5 });
    expect(() => catalog.payloadOf({ ...plain, data: { cents: 0 } })).toThrow(/does not fit: cents/);
  });
});

describe('a version that is read before it is written', () => {
  const readers = defineEvents('account', {
    opened: schemaVersions(z.object({ name: z.string() }))
      .written()
      .next(z.object({ owner: z.string().min(1), tier: z.string().default('basic') }), ({ name }) => ({
        owner: name,
      })),
  });
  const reading = new EventCatalog([readers]);
  const made = readers.create.opened({ name: 'Ada' });

  test('is not the version of a new event', () => {
    expect(made).toMatchObject({ schemaVersion: 1, data: { name: 'Ada' } });
    expect(reading.payloadOf(made)).toEqual({ name: 'Ada' });
    expect(reading.payloadOf({ ...made, data: { name: 'Ada', noise: true } })).toEqual({ name: 'Ada' });
    expect(() => reading.payloadOf({ ...made, data: { owner: 'Ada' } })).toThrow(
      /version 1 does not fit: name/,
    );
  });

  test('is refused in an append, since other releases may not know it', () => {
    expect(() => reading.payloadOf({ ...made, schemaVersion: 2, data: { owner: 'Ada', tier: 'x' } })).toThrow(
      expect.objectContaining({ code: 'UNKNOWN_EVENT', schemaVersion: 2, retryable: false }),
    );
  });

  test('is read as it is, and older ones are upcast to it', () => {
    const data = { owner: 'Ada', tier: 'gold' };
    expect(upcast(opened(2, data), false, reading)).toEqual({ schemaVersion: 2, data });
    expect(upcast(opened(1, { name: 'Ada' }), false, reading)).toEqual({
      schemaVersion: 2,
      data: { owner: 'Ada', tier: 'basic' },
    });
  });

  test('is what an append returns', () => {
    expect(reading.readPayloadOf(made, made.data)).toEqual({
      schemaVersion: 2,
      data: { owner: 'Ada', tier: 'basic' },
    });
  });

  test('refuses an append that could not be read', () => {
    const unreadable = readers.create.opened({ name: '' });
    expect(() => reading.readPayloadOf(unreadable, unreadable.data)).toThrow(
      expect.objectContaining({ code: 'INVALID_EVENT', schemaVersion: 1, position: undefined }),
    );
  });

  test('can be several versions ahead', () => {
    const ahead = defineEvents('account', {
      opened: schemaVersions(z.object({ name: z.string() }))
        .next(z.object({ owner: z.string() }), ({ name }) => ({ owner: name }))
        .written()
        .next(z.object({ holder: z.string() }), ({ owner }) => ({ holder: owner }))
        .next(z.object({ holders: z.array(z.string()) }), ({ holder }) => ({ holders: [holder] })),
    });
    const event = ahead.create.opened({ owner: 'Ada' });
    expect(event.schemaVersion).toBe(2);
    const read = { schemaVersion: 4, data: { holders: ['Ada'] } };
    expect(new EventCatalog([ahead]).readPayloadOf(event, event.data)).toEqual(read);
    expect(upcast(opened(1, { name: 'Ada' }), false, new EventCatalog([ahead]))).toEqual(read);
  });
});

describe('definitions', () => {
  test('the same group may be given twice', () => {
    expect(new EventCatalog([accountEvents, accountEvents]).has('account.opened')).toBe(true);
  });

  test('two groups may share a category when no event has the same name', () => {
    const more = new EventCatalog([accountEvents, defineEvents('account', { closed: z.object({}) })]);
    expect(more.has('account.closed')).toBe(true);
    expect(more.has('account.lost')).toBe(false);
  });

  test('two different definitions of one event type are refused', () => {
    guarantee('duplicate-definitions');
    const again = defineEvents('account', { deposited: z.object({}) });
    const attempt = () => new EventCatalog([accountEvents, again]);
    expect(attempt).toThrow(DuplicateDefinitionError);
    expect(attempt).toThrow(
      'two definitions of event "account.deposited" were given; rename one of them or pass it once',
    );
  });
});
