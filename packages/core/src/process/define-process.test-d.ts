import { expectTypeOf, test } from 'vitest';
import { z } from 'zod';
import { defineAggregate } from '../aggregate/define-aggregate.ts';
import { defineEvents, type RecordedEventOf } from '../event/define-events.ts';
import { aggregateIdOf } from '../naming/stream-id.ts';
import { defineProcess, type ProcessStateOf } from './define-process.ts';

const requestEvents = defineEvents('request', {
  made: z.object({ from: z.string(), to: z.string(), cents: z.int() }),
});
const accountEvents = defineEvents('account', { withdrawn: z.object({ transferId: z.string() }) });
const account = defineAggregate({
  events: accountEvents,
  initialState: {},
  evolve: { withdrawn: (state) => state },
  commands: {
    withdraw: {
      input: z.object({ transferId: z.string() }),
      decide: (_state, input, emit) => emit.withdrawn(input),
    },
  },
});

const common = {
  name: 'transfer',
  events: [requestEvents, accountEvents],
  starts: ['request.made'],
  correlate: { 'request.made': ({ streamId }: { readonly streamId: string }) => aggregateIdOf(streamId) },
  initialState: { to: '', cents: 0 },
} as const;

test('inputs, state, deadlines and published events are inferred', () => {
  const transfer = defineProcess({
    name: 'transfer',
    events: [requestEvents, accountEvents],
    messages: { 'payment.settled': z.object({ cents: z.int() }) },
    deadlines: ['too-late', 'reminder'],
    publishes: { settled: z.object({ cents: z.int() }) },
    starts: ['request.made', 'payment.settled'],
    correlate: {
      'request.made': ({ streamId, data }) => {
        expectTypeOf(data).toEqualTypeOf<{ from: string; to: string; cents: number }>();
        return aggregateIdOf(streamId);
      },
      'account.withdrawn': ({ data }) => data.transferId,
    },
    initialState: { to: '', cents: 0, steps: [] as string[] },
    evolve: {
      'request.made': (state, { data }) => {
        expectTypeOf(state.steps).toEqualTypeOf<readonly string[]>();
        return { ...state, to: data.to, cents: data.cents };
      },
      rejected: (state, { as, command, reason }) => {
        expectTypeOf(as).toEqualTypeOf<string | undefined>();
        return { ...state, steps: [command, reason] };
      },
    },
    react: {
      'request.made': (state, { id }, out) => [
        out.execute(account.command.withdraw(state.to, { transferId: id }), { as: 'debit' }),
        out.schedule('too-late', { afterMs: 60_000 }),
        out.waitFor('payment.settled', { withinMs: 5, deadline: 'reminder' }),
      ],
      'payment.settled': (_state, { data }, out) => {
        expectTypeOf(data).toEqualTypeOf<{ cents: number }>();
        return [out.publish.settled({ cents: data.cents }), out.cancel('too-late'), out.complete()];
      },
      deadline: (_state, { name }, out) => {
        expectTypeOf(name).toEqualTypeOf<'too-late' | 'reminder'>();
        return out.fail(name);
      },
      cancelled: () => {},
    },
    summary: ({ cents }) => `${cents} cents`,
  });
  expectTypeOf(transfer.name).toEqualTypeOf<'transfer'>();
  expectTypeOf<ProcessStateOf<typeof transfer>>().toEqualTypeOf<{
    readonly to: string;
    readonly cents: number;
    readonly steps: readonly string[];
  }>();
  expectTypeOf<RecordedEventOf<typeof transfer.published>['type']>().toEqualTypeOf<'transfer.settled'>();
  expectTypeOf<RecordedEventOf<typeof transfer.published>['data']>().toEqualTypeOf<{ cents: number }>();
  expectTypeOf(
    transfer.message('payment.settled', 't-1', { cents: 5 }).aggregate,
  ).toEqualTypeOf<'transfer'>();
  // @ts-expect-error there is no message "payment.failed"
  transfer.message('payment.failed', 't-1', { cents: 5 });
  // @ts-expect-error the message lacks its field
  transfer.message('payment.settled', 't-1', {});
});

test('what does not compile', () => {
  // @ts-expect-error there is no event "request.lost"
  defineProcess({ ...common, starts: ['request.lost'] });
  // @ts-expect-error there is no event "account.opened"
  defineProcess({ ...common, correlate: { 'account.opened': () => '1' } });
  // @ts-expect-error an instance has a text as its id
  defineProcess({ ...common, correlate: { 'request.made': () => 1 } });
  // @ts-expect-error there is no input "request.lost"
  defineProcess({ ...common, react: { 'request.lost': () => {} } });
  // @ts-expect-error the state has no field "from"
  defineProcess({ ...common, evolve: { 'request.made': (state) => ({ ...state, from: '1' }) } });
  // @ts-expect-error a function of react returns outputs
  defineProcess({ ...common, react: { 'request.made': () => 5 } });
  const deadlines = ['late'] as const;
  defineProcess({
    ...common,
    deadlines,
    evolve: {
      'request.made': (state) => {
        // @ts-expect-error a state cannot be changed in place
        state.to = '1';
        return state;
      },
    },
    // @ts-expect-error there is no deadline "never"
    react: { 'request.made': (_state, _input, out) => out.cancel('never') },
  });
  defineProcess({
    ...common,
    react: {
      // @ts-expect-error without deadlines there is none
      'request.made': (_state, _input, out) => out.schedule('late', { afterMs: 1 }),
      // @ts-expect-error it publishes no event "settled"
      rejected: (_state, _input, out) => out.publish.settled({}),
    },
  });
});
