import { expectTypeOf, test } from 'vitest';
import { z } from 'zod';
import {
  type AnyEventGroup,
  defineEvents,
  type EventGroup,
  type NewEventOf,
  type RecordedEventOf,
} from './define-events.ts';
import type { ParsedPayload } from './event-shapes.ts';
import type { CommandEvent } from '../aggregate/command.ts';
import { defineAggregate } from '../aggregate/define-aggregate.ts';
import type { NewEvent, RecordedEvent } from './event.ts';
import { schemaVersions } from './schema-versions.ts';
import { tagged } from './tagged.ts';

const accountEvents = defineEvents('account', {
  opened: z.object({ owner: z.string(), currency: z.string().default('EUR') }),
  deposited: z.object({ cents: z.int() }),
});

test('a creator takes the schema’s input and returns its output with the full type', () => {
  expectTypeOf(accountEvents.category).toEqualTypeOf<'account'>();
  expectTypeOf(accountEvents.create.opened).parameter(0).toEqualTypeOf<{
    owner: string;
    currency?: string | undefined;
  }>();
  const opened = accountEvents.create.opened({ owner: 'Ada' });
  expectTypeOf(opened.type).toEqualTypeOf<'account.opened'>();
  expectTypeOf(opened.data).toEqualTypeOf<{ owner: string; currency: string }>();
});

test('the type of a new or recorded event narrows its data', () => {
  type Written = NewEventOf<typeof accountEvents>;
  type Read = RecordedEventOf<typeof accountEvents>;
  expectTypeOf<Written['type']>().toEqualTypeOf<'account.opened' | 'account.deposited'>();
  expectTypeOf<Extract<Written, { type: 'account.deposited' }>['data']>().toEqualTypeOf<{ cents: number }>();
  expectTypeOf<Extract<Read, { type: 'account.deposited' }>['data']>().toEqualTypeOf<{ cents: number }>();
  expectTypeOf<Read['position']>().toEqualTypeOf<number>();
});

test('a wrong event name, payload field or field type does not compile', () => {
  // @ts-expect-error there is no event "closed"
  accountEvents.create.closed({});
  // @ts-expect-error the payload lacks its field
  accountEvents.create.deposited({});
  // @ts-expect-error the payload has a field its schema does not know
  accountEvents.create.deposited({ cents: 1, cent: 1 });
  // @ts-expect-error the field has another type
  accountEvents.create.deposited({ cents: '1' });
});

test('a payload that JSON would change does not compile', () => {
  // @ts-expect-error a Date comes back from JSON as text: use z.iso.datetime()
  defineEvents('order', { placed: z.object({ at: z.date() }) });
  // @ts-expect-error JSON has no bigint
  defineEvents('order', { placed: z.object({ cents: z.bigint() }) });
  // @ts-expect-error JSON makes {} of a Map
  defineEvents('order', { placed: z.object({ lines: z.map(z.string(), z.number()) }) });
  // @ts-expect-error nested just as well
  defineEvents('order', { placed: z.object({ lines: z.array(z.object({ at: z.date() })) }) });
});

test('a payload of optional, nested, union and free JSON fields compiles', () => {
  const events = defineEvents('order', {
    placed: z.object({
      note: z.string().optional(),
      lines: z.array(z.object({ sku: z.string(), quantity: z.int() })),
      payment: z.discriminatedUnion('kind', [
        z.object({ kind: z.literal('card'), last4: z.string() }),
        z.object({ kind: z.literal('cash') }),
      ]),
      extra: z.json(),
      at: z.iso.datetime(),
    }),
    'line-added': z.record(z.string(), z.number()),
  });
  expectTypeOf(events.create['line-added']({ a: 1 }).type).toEqualTypeOf<'order.line-added'>();
  expectTypeOf<
    Extract<NewEventOf<typeof events>, { type: 'order.placed' }>['data']['at']
  >().toEqualTypeOf<string>();
});

test('an event with schema versions has the newest shape', () => {
  const events = defineEvents('account', {
    opened: schemaVersions(z.object({ name: z.string() }))
      .next(z.object({ owner: z.string() }), (v1) => ({ owner: v1.name }))
      .next(z.object({ owner: z.string(), currency: z.string().default('EUR') }), (v2) => v2),
  });
  expectTypeOf(events.create.opened).parameter(0).toEqualTypeOf<{
    owner: string;
    currency?: string | undefined;
  }>();
  expectTypeOf(events.create.opened({ owner: 'Ada' }).data).toEqualTypeOf<{
    owner: string;
    currency: string;
  }>();
});

test('a version that is read before it is written: creators take the older shape, readers the newer', () => {
  const events = defineEvents('account', {
    opened: schemaVersions(z.object({ name: z.string(), via: z.string().default('web') }))
      .written()
      .next(z.object({ owner: z.string(), tier: z.string().default('basic') }), (v1) => ({ owner: v1.name })),
    deposited: z.object({ cents: z.int() }),
  });
  expectTypeOf(events.create.opened).parameter(0).toEqualTypeOf<{ name: string; via?: string | undefined }>();
  expectTypeOf<Extract<NewEventOf<typeof events>, { type: 'account.opened' }>['data']>().toEqualTypeOf<{
    name: string;
    via: string;
  }>();
  expectTypeOf<Extract<RecordedEventOf<typeof events>, { type: 'account.opened' }>['data']>().toEqualTypeOf<{
    owner: string;
    tier: string;
  }>();
  expectTypeOf<
    Extract<RecordedEventOf<typeof events>, { type: 'account.deposited' }>['data']
  >().toEqualTypeOf<{
    cents: number;
  }>();
  // @ts-expect-error the newer version is not written yet
  events.create.opened({ owner: 'Ada' });
});

test('in an aggregate, decide emits the written shape, evolve and results have the newest', () => {
  const events = defineEvents('account', {
    opened: schemaVersions(z.object({ name: z.string() }))
      .written()
      .next(z.object({ owner: z.string() }), ({ name }) => ({ owner: name })),
  });
  const initialState = { owner: '' };
  const input = z.object({ name: z.string() });
  const account = defineAggregate({
    events,
    initialState,
    evolve: { opened: (_state, { owner }) => ({ owner }) },
    commands: { open: { input, decide: (_state, { name }, emit) => emit.opened({ name }) } },
  });
  type Open = ReturnType<typeof account.command.open>;
  expectTypeOf<CommandEvent<Open>>().toEqualTypeOf<NewEvent<'account.opened', { owner: string }>>();
  defineAggregate({
    events,
    initialState,
    // @ts-expect-error evolve gets the newest version, which has no field "name"
    evolve: { opened: (_state, { name }) => ({ owner: name }) },
    commands: {},
  });
  defineAggregate({
    events,
    initialState,
    evolve: { opened: (state) => state },
    commands: {
      // @ts-expect-error decide emits the written version, which has no field "owner"
      open: { input, decide: (_state, { name }, emit) => emit.opened({ owner: name }) },
    },
  });
});

test('an upcast step with a wrong input or output does not compile', () => {
  const v1 = schemaVersions(z.object({ name: z.string() }));
  // @ts-expect-error version 1 has no field "owner"
  v1.next(z.object({ owner: z.string() }), (data) => ({ owner: data.owner }));
  // @ts-expect-error version 2 needs "owner"
  v1.next(z.object({ owner: z.string() }), (data) => ({ name: data.name }));
  // @ts-expect-error a later version must survive JSON as well
  v1.next(z.object({ at: z.date() }), () => ({ at: new Date(0) }));
});

test('tags are made of the payload that is written, and change no other type', () => {
  const events = defineEvents('account', {
    opened: tagged(z.object({ owner: z.string(), currency: z.string().default('EUR') }), (data) => {
      expectTypeOf(data).toEqualTypeOf<{ owner: string; currency: string }>();
      return { owner: data.owner, referrer: undefined };
    }),
    renamed: tagged(
      schemaVersions(z.object({ name: z.string() }))
        .written()
        .next(z.object({ owner: z.string() }), ({ name }) => ({ owner: name })),
      ({ name }) => ({ owner: [name] }),
    ),
  });
  expectTypeOf(events.create.opened).parameter(0).toEqualTypeOf<{
    owner: string;
    currency?: string | undefined;
  }>();
  expectTypeOf(events.create.renamed).parameter(0).toEqualTypeOf<{ name: string }>();
  // @ts-expect-error the payload has no field "cents"
  tagged(z.object({ owner: z.string() }), ({ cents }) => ({ cents }));
  // @ts-expect-error a tag is no object
  tagged(z.object({ owner: z.string() }), ({ owner }) => ({ owner: { owner } }));
});

test('an event group has the payloads of its events, and their inputs if they differ', () => {
  expectTypeOf(accountEvents).toEqualTypeOf<
    EventGroup<
      'account',
      {
        opened: ParsedPayload<
          { owner: string; currency: string },
          { owner: string; currency?: string | undefined }
        >;
        deposited: { cents: number };
      }
    >
  >();
});

test('any group has any events', () => {
  expectTypeOf<NewEventOf<AnyEventGroup>>().toEqualTypeOf<NewEvent>();
  expectTypeOf<RecordedEventOf<AnyEventGroup>>().toEqualTypeOf<RecordedEvent>();
});
