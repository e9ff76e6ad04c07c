import { guarantee } from '@leftfold/testbed/guarantees';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { DuplicateDefinitionError } from '../errors/definition-errors.ts';
import { defineEvents } from './define-events.ts';
import { EventCatalog, type StoredPayload } from './event-catalog.ts';
import { schemaVersions } from './schema-versions.ts';

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

function opened(schemaVersion: number, data: StoredPayload['data']): StoredPayload {
  return { type: 'account.opened', schemaVersion, data, position: 17 };
}

describe('upcasting', () => {
  test('turns version 1 into the newest version, with the defaults of each step', () => {
    expect(catalog.upcast(opened(1, { name: 'Ada' }))).toEqual({
      schemaVersion: 3,
      data: { owner: 'Ada', currency: 'eur', tier: 'basic' },
    });
  });

  test('starts at the version the event was stored with', () => {
    expect(catalog.upcast(opened(2, { owner: 'Ada', currency: 'USD' }))).toEqual({
      schemaVersion: 3,
      data: { owner: 'Ada', currency: 'usd', tier: 'basic' },
    });
  });

  test('returns data of the newest version as stored, unless it is to be validated', () => {
    const data = { owner: '', currency: 'eur', tier: 'basic' };
    expect(catalog.upcast(opened(3, data)).data).toBe(data);
    expect(() => catalog.upcast(opened(3, data), true)).toThrow(
      'data of event "account.opened" version 3 at position 17 does not fit: owner:',
    );
  });

  test('reports event and position when a result does not match the next schema', () => {
    expect(() => catalog.upcast(opened(1, { name: '' }))).toThrow(
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
    expect(() => new EventCatalog([events]).upcast(opened(1, { name: 'Ada' }))).toThrow(
      expect.objectContaining({
        code: 'INVALID_EVENT',
        message:
          'data of event "account.opened" version 1 at position 17 does not fit: the upcast from version 2 threw',
        cause,
      }),
    );
  });

  test('reports an unknown type or newer version with its position and the fix', () => {
    expect(() => catalog.upcast({ type: 'account.closed', schemaVersion: 1, data: {}, position: 9 })).toThrow(
      expect.objectContaining({
        code: 'UNKNOWN_EVENT',
        retryable: false,
        type: 'account.closed',
        position: 9,
        message:
          "event type \"account.closed\" at position 9 is unknown here; add its defineEvents(...) to the store's events, or read with unknownEvents: 'skip'",
      }),
    );
    expect(() => catalog.upcast(opened(4, {}))).toThrow(
      expect.objectContaining({
        code: 'UNKNOWN_EVENT',
        schemaVersion: 4,
        position: 17,
        message:
          'event type "account.opened" at position 17 has schema version 4, the version known here is 3; use the newest defineEvents(...) everywhere',
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
    ).toThrow(expect.objectContaining({ code: 'UNKNOWN_EVENT', schemaVersion: 1, position: undefined }));
  });

  test('is parsed when it was not made by its creator', () => {
    const plain = { type: 'account.deposited', schemaVersion: 1 };
    expect(catalog.payloadOf({ ...plain, data: { cents: 5, noise: true } })).toEqual({ cents: 5 });
    expect(() => catalog.payloadOf({ ...plain, data: { cents: 0 } })).toThrow(/does not fit: cents/);
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
