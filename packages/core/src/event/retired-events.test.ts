import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { defineAggregate } from '../aggregate/define-aggregate.ts';
import { replay } from '../aggregate/replay.ts';
import { defineEvents } from './define-events.ts';
import { EventCatalog } from './event-catalog.ts';
import { schemaVersions } from './schema-versions.ts';
import { storedTypesOf } from './stored-types.ts';

const cents = z.int().positive();

const accountEvents = defineEvents(
  'account',
  {
    opened: schemaVersions(z.object({ owner: z.string() })).next(
      z.object({ owner: z.string().min(1), tier: z.string().default('basic') }),
      (v1) => v1,
    ),
    credited: z.object({ cents }),
    debited: z.object({ cents }),
  },
  {
    retired: {
      created: {
        schema: schemaVersions(z.object({ first: z.string() })).next(
          z.object({ name: z.string() }),
          ({ first }) => ({ name: first }),
        ),
        readAs: ['opened'],
        upcast: ({ name }, to) => to.opened({ owner: name }),
      },
      corrected: {
        schema: z.object({ from: cents, to: cents }),
        readAs: ['debited', 'credited'],
        upcast: (data, to) => [to.debited({ cents: data.from }), to.credited({ cents: data.to })],
      },
      viewed: { schema: z.object({}), readAs: [] },
    },
  },
);
const catalog = new EventCatalog([accountEvents]);
const stored = { schemaVersion: 1, position: 9 };

describe('an event of a retired type', () => {
  test('is read as the event that it was renamed to, in its newest version', () => {
    const readFrom = { type: 'account.created', schemaVersion: 1, index: 0, count: 1 };
    const data = { owner: 'Ada', tier: 'basic' };
    expect(catalog.read({ ...stored, type: 'account.created', data: { first: 'Ada' } })).toEqual([
      { type: 'account.opened', schemaVersion: 2, data, readFrom },
    ]);
    const second = { ...stored, schemaVersion: 2, type: 'account.created', data: { name: 'Ada' } };
    expect(catalog.read(second)).toMatchObject([{ data, readFrom: { ...readFrom, schemaVersion: 2 } }]);
  });

  test('is read as several events in their order, or as nothing', () => {
    const data = { from: 5, to: 7 };
    expect(catalog.read({ ...stored, type: 'account.corrected', data })).toMatchObject([
      { type: 'account.debited', data: { cents: 5 }, readFrom: { index: 0, count: 2 } },
      { type: 'account.credited', data: { cents: 7 }, readFrom: { index: 1, count: 2 } },
    ]);
    expect(catalog.read({ ...stored, type: 'account.viewed', data: {} })).toEqual([]);
  });

  test('is an error that names the stored event when it does not fit what it is read as', () => {
    expect(() => catalog.read({ ...stored, type: 'account.corrected', data: { from: 5, to: 0 } })).toThrow(
      expect.objectContaining({
        code: 'INVALID_EVENT',
        type: 'account.corrected',
        schemaVersion: 1,
        position: 9,
        issues: [
          expect.objectContaining({
            path: 'cents',
            message: expect.stringContaining('(read as "account.credited")'),
          }),
        ],
      }),
    );
  });

  test('is an error when its upcast throws, or returns events that it does not declare', () => {
    const upcasts = [
      () => {
        throw new Error('secret');
      },
      () => ({ name: 'debited', data: { cents: 1 } }),
      () => ['opened'],
      () => undefined,
      () => new Array(2), // without elements
    ];
    for (const upcast of upcasts) {
      const events = defineEvents(
        'account',
        { opened: z.object({}), debited: z.object({ cents }) },
        { retired: { created: { schema: z.object({}), readAs: ['opened'], upcast: upcast as never } } },
      );
      const read = () => new EventCatalog([events]).read({ ...stored, type: 'account.created', data: {} });
      const issues = [expect.objectContaining({ code: 'upcast' })];
      expect(read).toThrow(
        expect.objectContaining({ code: 'INVALID_EVENT', type: 'account.created', issues }),
      );
      expect(read).not.toThrow('secret');
    }
  });

  test('cannot be appended or asked for, and the error says what it is read as', () => {
    const created = accountEvents.createRetired.created({ name: 'Ada' });
    expect(created).toMatchObject({ type: 'account.created', schemaVersion: 2 });
    const message = 'event type "account.created" is retired and read as "account.opened"; append that';
    expect(() => catalog.payloadOf(created)).toThrow(
      expect.objectContaining({ code: 'UNKNOWN_EVENT', message }),
    );
    expect(catalog.has('account.created')).toBe(false);
    expect(catalog.targetsOf('account.viewed')).toEqual([]);
  });

  test('is stored under its own type, which a query for what it is read as asks for too', () => {
    expect(catalog.asStored({ types: ['account.credited'] })).toEqual({
      types: ['account.credited', 'account.corrected'],
    });
    expect(catalog.asStored({ tags: ['a:b'] })).toEqual({ tags: ['a:b'] });
    expect(storedTypesOf([accountEvents], ['account.opened', 'account.debited'])).toEqual([
      'account.opened',
      'account.debited',
      'account.created',
      'account.corrected',
    ]);
  });

  test('is folded by an aggregate as the events that it is read as', () => {
    const account = defineAggregate({
      events: accountEvents,
      initialState: { owner: '', cents: 0 },
      evolve: {
        opened: (state, { owner }) => ({ ...state, owner }),
        credited: (state, data) => ({ ...state, cents: state.cents + data.cents }),
        debited: (state, data) => ({ ...state, cents: state.cents - data.cents }),
      },
      commands: {},
    });
    const { created, corrected, viewed } = accountEvents.createRetired;
    const history = [created({ name: 'Ada' }), corrected({ from: 5, to: 7 }), viewed({})];
    expect(replay(account, history)).toEqual({ owner: 'Ada', cents: 2 });
  });
});

describe('a definition is refused', () => {
  const define = (retired: unknown) => () =>
    defineEvents('account', { opened: z.object({}) }, { retired: retired as never });
  const schema = z.object({});

  test('when a retired event has the name of one that is written', () => {
    expect(define({ opened: { schema, readAs: [] } })).toThrow(
      expect.objectContaining({ code: 'DUPLICATE_DEFINITION' }),
    );
  });

  test('when two groups have one type', () => {
    const other = defineEvents('account', { created: schema });
    const retiring = defineEvents('account', {}, { retired: { created: { schema, readAs: [] } } });
    expect(() => new EventCatalog([other, retiring])).toThrow(
      expect.objectContaining({ code: 'DUPLICATE_DEFINITION', definition: 'account.created' }),
    );
  });

  test.each([
    ['readAs is left out', { created: { schema } }, 'retired.created.readAs'],
    [
      'it is read as an event that does not exist',
      { created: { schema, readAs: ['opend'] } },
      'retired.created.readAs[0]',
    ],
    ['the upcast is left out', { created: { schema, readAs: ['opened'] } }, 'retired.created.upcast'],
    ['there is no schema', { created: { readAs: [] } }, 'retired.created.schema'],
    ['an option is misspelt', { created: { schema, readAs: [], as: 1 } }, 'as'],
  ])('when %s', (_, retired, named) => {
    expect(define(retired)).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT', message: expect.stringContaining(named) }),
    );
  });
});

test('what is wrong with a retired event is named', () => {
  const shapes = { opened: z.object({}) };
  const retiring = (retired: object) => () => defineEvents('note', shapes, { retired });
  expect(retiring({ added: { schema: z.object({}), readAs: ['opened'] } })).toThrow(
    'retired.added.upcast must be a function, not undefined',
  );
  const both = 'event "note.opened" is defined both as one that is written and as a retired one';
  expect(retiring({ opened: { schema: z.object({}), readAs: [] } })).toThrow(both);
  const older = defineEvents('note', {}, { retired: { opened: { schema: z.object({}), readAs: [] } } });
  expect(() => new EventCatalog([older, defineEvents('note', shapes)])).toThrow(both);
});
