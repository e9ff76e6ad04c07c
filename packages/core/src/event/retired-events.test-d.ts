import { expectTypeOf, test } from 'vitest';
import { z } from 'zod';
import { defineAggregate } from '../aggregate/define-aggregate.ts';
import { defineEvents, type NewEventOf, type RecordedEventOf } from './define-events.ts';
import type { RetiredEvent } from './retired-events.ts';
import { schemaVersions } from './schema-versions.ts';

const shapes = {
  opened: z.object({ owner: z.string(), tier: z.string().default('basic') }),
  closed: z.object({}),
};

test('data and targets of an upcast are inferred', () => {
  const events = defineEvents('account', shapes, {
    retired: {
      created: {
        schema: schemaVersions(z.object({ first: z.string() })).next(
          z.object({ name: z.string() }),
          (v1) => ({
            name: v1.first,
          }),
        ),
        readAs: ['opened'],
        upcast: (data, to) => {
          expectTypeOf(data).toEqualTypeOf<{ name: string }>();
          expectTypeOf(to).toHaveProperty('opened');
          expectTypeOf(to).not.toHaveProperty('closed');
          return to.opened({ owner: data.name });
        },
      },
      ended: {
        schema: z.object({ owner: z.string() }),
        readAs: ['opened', 'closed'],
        upcast: ({ owner }, to) => [to.opened({ owner }), to.closed({})],
      },
      viewed: { schema: z.object({}), readAs: [] },
    },
  });
  expectTypeOf(events.createRetired.created).parameter(0).toEqualTypeOf<{ name: string }>();
  expectTypeOf(events.createRetired.created({ name: 'Ada' })).toEqualTypeOf<
    RetiredEvent<'account.created', { name: string }>
  >();
  expectTypeOf<RecordedEventOf<typeof events>['type']>().toEqualTypeOf<'account.opened' | 'account.closed'>();
  expectTypeOf<NewEventOf<typeof events>['type']>().toEqualTypeOf<'account.opened' | 'account.closed'>();
  // @ts-expect-error a retired event has no creator for appends
  events.create.created({ name: 'Ada' });
});

test('an aggregate has handlers for the events that are written', () => {
  const events = defineEvents('account', shapes, {
    retired: { viewed: { schema: z.object({}), readAs: [] } },
  });
  const account = defineAggregate({
    events,
    initialState: { owner: '' },
    evolve: { opened: (_, { owner }) => ({ owner }), closed: (state) => state },
    commands: {},
  });
  expectTypeOf(account.initialState).toEqualTypeOf<{ readonly owner: string }>();
  defineAggregate({
    events,
    initialState: { owner: '' },
    // @ts-expect-error no handler for a retired event
    evolve: { opened: (state) => state, closed: (state) => state, viewed: (state) => state },
    commands: {},
  });
});

test('a wrong target, or data that it does not take, does not compile', () => {
  const schema = z.object({ name: z.string() });
  const wrongName = () =>
    defineEvents('account', shapes, {
      // @ts-expect-error there is no event "opend"
      retired: { created: { schema, readAs: ['opend'] } },
    });
  const notDeclared = () =>
    defineEvents('account', shapes, {
      retired: {
        created: {
          schema,
          readAs: ['opened'],
          // @ts-expect-error "closed" is not among the targets
          upcast: (_, to) => to.closed({}),
        },
      },
    });
  const wrongData = () =>
    defineEvents('account', shapes, {
      retired: {
        created: {
          schema,
          readAs: ['opened'],
          // @ts-expect-error owner is a text
          upcast: (_, to) => to.opened({ owner: 1 }),
        },
      },
    });
  const notMade = () =>
    defineEvents('account', shapes, {
      retired: {
        created: {
          schema,
          readAs: ['opened'],
          // @ts-expect-error the event is made by `to`
          upcast: ({ name }) => ({ owner: name }),
        },
      },
    });
  expectTypeOf([wrongName, notDeclared, wrongData, notMade]).toBeArray();
});
