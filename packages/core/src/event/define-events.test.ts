import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { InvalidEventError, InvalidNameError } from '../errors/definition-errors.ts';
import { defineEvents } from './define-events.ts';
import { schemaVersions } from './schema-versions.ts';

const accountEvents = defineEvents('account', {
  opened: z.object({ owner: z.string().trim().min(1), currency: z.string().default('EUR') }),
  deposited: z.object({ cents: z.int().positive() }),
});

describe('making an event', () => {
  test('returns its stored type, its schema version and the schema’s output', () => {
    expect({ ...accountEvents.create.opened({ owner: ' Ada ' }) }).toStrictEqual({
      type: 'account.opened',
      schemaVersion: 1,
      data: { owner: 'Ada', currency: 'EUR' },
    });
  });

  test('takes an id, tags and metadata, and has only those that are given', () => {
    const options = { id: 'event-1', tags: ['owner:ada'], metadata: { actor: 'ada' } };
    const event = accountEvents.create.deposited({ cents: 5 }, options);
    expect({ ...event }).toStrictEqual({
      type: 'account.deposited',
      schemaVersion: 1,
      data: { cents: 5 },
      ...options,
    });
    const bare = accountEvents.create.deposited({ cents: 5 }, { id: undefined, tags: undefined });
    expect(Object.keys(bare)).toEqual(['type', 'schemaVersion', 'data']);
  });

  test('refuses a payload that its schema refuses, without showing the value', () => {
    const error = thrownBy(() => accountEvents.create.deposited({ cents: -4321 }));
    expect(error).toBeInstanceOf(InvalidEventError);
    expect(error).toMatchObject({
      code: 'INVALID_EVENT',
      retryable: false,
      type: 'account.deposited',
      schemaVersion: 1,
      issues: [{ path: 'cents', code: 'too_small' }],
      position: undefined,
    });
    expect(String(error)).toMatch(/data of event "account.deposited" version 1 does not fit: cents: /);
    expect(JSON.stringify(error) + String(error)).not.toContain('4321');
  });

  test('drops fields that the schema does not have', () => {
    const data: { cents: number } = Object.assign({ cents: 5 }, { secret: 'x' });
    expect(accountEvents.create.deposited(data).data).toStrictEqual({ cents: 5 });
  });
});

function thrownBy(work: () => unknown): unknown {
  try {
    work();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}

describe('defining events', () => {
  test('counts the schema versions of a payload', () => {
    const events = defineEvents('account', {
      opened: schemaVersions(z.object({ name: z.string() })).next(
        z.object({ owner: z.string() }),
        ({ name }) => ({ owner: name }),
      ),
    });
    expect(events.create.opened({ owner: 'Ada' })).toMatchObject({
      schemaVersion: 2,
      data: { owner: 'Ada' },
    });
    expect(events.definitions).toMatchObject([{ type: 'account.opened', schemaVersion: 2 }]);
  });

  test('refuses a category with a hyphen, which would end it in a stream id', () => {
    expect(() => defineEvents('bank-account', {})).toThrow(InvalidNameError);
  });

  test('refuses an event name that is empty or has a dot', () => {
    expect(() => defineEvents('account', { '': z.object({}) })).toThrow(/event name "" must be a text/);
    expect(() => defineEvents('account', { 'a.b': z.object({}) })).toThrow(/event name "a\.b" must begin/);
  });

  test.each(['then', 'constructor', 'toString', 'hasOwnProperty'])(
    'refuses the event name "%s", which code would not take for an event',
    (name) => {
      const attempt = () => defineEvents('account', { [name]: z.object({}) });
      expect(attempt).toThrow(expect.objectContaining({ code: 'INVALID_NAME', kind: 'event name' }));
      expect(attempt).toThrow('has a meaning in JavaScript as a member of an object');
    },
  );

  test('refuses an event "__proto__", which JavaScript would leave out', () => {
    const attempt = () => defineEvents('account', { __proto__: z.object({}) });
    expect(attempt).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT', argument: 'shapes' }));
    expect(attempt).toThrow('without a member "__proto__"');
  });
});
