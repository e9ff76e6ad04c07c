import { expectTypeOf, test } from 'vitest';
import { z } from 'zod';
import { type App, createApp, defineAggregate, defineEvents, defineProcess } from '../index.ts';

const requestEvents = defineEvents('request', { made: z.object({}) });
const request = defineAggregate({
  events: requestEvents,
  initialState: {},
  evolve: { made: (state) => state },
  commands: { make: { input: z.object({}), decide: (_state, _input, emit) => emit.made({}) } },
});
const options = {
  events: [requestEvents] as const,
  starts: ['request.made'] as const,
  correlate: { 'request.made': ({ streamId }: { readonly streamId: string }) => streamId },
  initialState: {},
};
const settled = { 'payment.settled': z.object({ cents: z.int() }) };
const transfer = defineProcess({ name: 'transfer', messages: settled, ...options });
const other = defineProcess({ name: 'other', messages: settled, ...options });
const silent = defineProcess({ name: 'silent', ...options });

test('a message for a process of the app is executed as a command', async () => {
  const app = await createApp({ aggregates: [request], processes: [transfer] });
  const result = await app.execute(transfer.message('payment.settled', 't-1', { cents: 5 }));
  expectTypeOf(result.outcome).toEqualTypeOf<'accepted' | 'rejected'>();
  await app.execute(request.command.make('r-1', {}));
  // @ts-expect-error the process is unknown here
  app.execute(other.message('payment.settled', 't-1', { cents: 5 }));
  // @ts-expect-error the field is called cents
  transfer.message('payment.settled', 't-1', { amount: 5 });
  // @ts-expect-error there is no such message
  silent.message('payment.settled', 't-1', { cents: 5 });
});

test('a process without messages adds nothing to the commands', async () => {
  const app = await createApp({ aggregates: [request], processes: [silent] });
  expectTypeOf(app.parseCommand({})).toEqualTypeOf<ReturnType<typeof request.command.make>>();
  expectTypeOf(app).toExtend<App>();
});
