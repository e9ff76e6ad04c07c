import { expect } from 'vitest';
import { collect, type Guarantee, sent } from '../trial.ts';

export const closingGuarantees = {
  'a closed store refuses every call with CLOSED; its subscriptions end': async ({ openAnother, stream }) => {
    const store = await openAnother();
    const following = collect(store.subscribe({ after: await store.highWaterMark() }));
    await store[Symbol.asyncDispose]();
    expect(await following).toEqual([]);
    const calls = [
      store.append(stream(), [sent]),
      store.appendToStreams([{ streamId: stream(), events: [sent] }]),
      collect(store.readStream(stream())),
      collect(store.readAll()),
      collect(store.subscribe()),
      store.readForDecision({ tags: ['a'] }),
      store.highWaterMark(),
      store.eventsOfCommand('c-1'),
    ];
    const refused = { status: 'rejected', reason: { code: 'CLOSED', retryable: false } };
    for (const outcome of await Promise.allSettled(calls)) expect(outcome).toMatchObject(refused);
  },
} satisfies Readonly<Record<string, Guarantee>>;
