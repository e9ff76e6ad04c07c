import { expect } from 'vitest';
import type { RecordedEvent, Subscription } from '@leftfold/core';
import { collect, delivered, type Guarantee, placeOf, scanned, scans, sent, upTo } from '../trial.ts';

/** Collects `count` events, then ends the subscription. */
async function take(
  count: number,
  subscription: Subscription,
  end: AbortController,
): Promise<readonly RecordedEvent[]> {
  const events: RecordedEvent[] = [];
  for await (const event of subscription) {
    events.push(event);
    if (events.length >= count) end.abort();
  }
  return events;
}

export const subscribeGuarantees = {
  'a subscription returns the log from its beginning, then new events': async ({ openEmpty, stream }) => {
    const { store } = await openEmpty();
    await store.append(stream('a'), scans(3));
    const end = new AbortController();
    const taken = take(6, store.subscribe({ signal: end.signal }), end);
    await store.append(stream('b'), scans(2));
    await store.append(stream('a'), [delivered]);
    expect(await taken).toEqual(await collect(store.readAll()));
  },

  'a subscription returns events that another store appends': async ({
    store,
    openAnother,
    category,
    stream,
  }) => {
    const other = await openAnother();
    const end = new AbortController();
    const taken = take(3, store.subscribe({ filter: { category }, signal: end.signal }), end);
    for (const number of upTo(3)) await other.append(stream(), [scanned(`place ${number}`)]);
    expect((await taken).map(placeOf)).toEqual((await collect(store.readStream(stream()))).map(placeOf));
  },

  'a subscription that resumes after its position skips and repeats no event': async ({
    store,
    category,
    stream,
  }) => {
    const { events } = await store.append(stream(), scans(10));
    const seen: RecordedEvent[] = [];
    let position = 0;
    while (seen.length < 10) {
      const end = new AbortController();
      const subscription = store.subscribe({ after: position, filter: { category }, signal: end.signal });
      for await (const event of subscription) {
        seen.push(event);
        // The signal aborts during an event. The loop then asks for the next one, so the event counts as handled.
        if (seen.length % 3 === 0 || seen.length === 10) end.abort();
      }
      position = subscription.position;
    }
    expect(seen).toEqual(events);
  },

  'the position of a subscription passes an event when the loop asks for the next': async ({
    store,
    category,
    stream,
  }) => {
    const { events } = await store.append(stream(), scans(3));
    const end = new AbortController();
    const subscription = store.subscribe({ filter: { category }, signal: end.signal });
    let before = 0;
    for await (const event of subscription) {
      expect(subscription.position).toBeLessThan(event.position);
      expect(subscription.position).toBeGreaterThanOrEqual(before);
      before = event.position;
      if (event.streamVersion === 3) end.abort();
    }
    expect(subscription.position).toBeGreaterThanOrEqual(events[2]!.position);
  },

  'an event at which the loop was left is returned again after a resume': async ({
    store,
    category,
    stream,
  }) => {
    const { events } = await store.append(stream(), scans(3));
    const first = store.subscribe({ filter: { category } });
    for await (const event of first) if (event.streamVersion === 2) break;
    const end = new AbortController();
    const again = store.subscribe({ after: first.position, filter: { category }, signal: end.signal });
    expect(await take(2, again, end)).toEqual(events.slice(1));
  },

  'the position of a subscription moves past events that do not match its filter': async ({
    store,
    category,
    stream,
  }) => {
    const end = new AbortController();
    const subscription = store.subscribe({
      filter: { category, types: ['parcel.sent'] },
      signal: end.signal,
    });
    const ended = collect(subscription);
    const { position } = await store.append(stream(), scans(5));
    const deadline = Date.now() + 20_000;
    while (subscription.position < position && Date.now() < deadline) await store.highWaterMark();
    end.abort();
    expect(await ended).toEqual([]);
    expect(subscription.position).toBeGreaterThanOrEqual(position);
  },

  'a subscription ends without an error when its signal aborts, waiting or not': async ({
    store,
    category,
    stream,
  }) => {
    const waiting = new AbortController();
    const ended = collect(store.subscribe({ filter: { category }, signal: waiting.signal }));
    await store.highWaterMark();
    waiting.abort();
    expect(await ended).toEqual([]);

    const { events } = await store.append(stream(), scans(20));
    const busy = new AbortController();
    expect(await take(7, store.subscribe({ filter: { category }, signal: busy.signal }), busy)).toHaveLength(
      7,
    );

    const before = new AbortController();
    before.abort();
    const after = events[0]!.position - 1;
    expect(await collect(store.subscribe({ after, filter: { category }, signal: before.signal }))).toEqual(
      [],
    );
  },

  'a subscription filters like readAll': async ({ store, category, stream }) => {
    const { events } = await store.append(stream(), [
      sent,
      { ...scanned('Paris'), tags: ['city:Paris'] },
      delivered,
    ]);
    await store.append(`${category}x-1`, [sent]);
    const end = new AbortController();
    const filter = { category, types: ['parcel.sent', 'parcel.delivered'] };
    expect(await take(2, store.subscribe({ filter, signal: end.signal }), end)).toEqual([
      events[0],
      events[2],
    ]);
    const tagged = new AbortController();
    const byTag = store.subscribe({ filter: { category, tags: ['city:Paris'] }, signal: tagged.signal });
    expect(await take(1, byTag, tagged)).toEqual([events[1]]);
  },

  'with concurrent writers, every subscription returns all events in log order': async ({
    guarantee,
    openEmpty,
    stream,
  }) => {
    guarantee('readers-miss-nothing');
    const { store, openAnother } = await openEmpty();
    const total = 600;
    const ends = upTo(4).map(() => new AbortController());
    const takers = ends.map((end) => take(total, store.subscribe({ signal: end.signal }), end));
    const writers = [store, await openAnother()];
    await Promise.all(
      upTo(total / 2).map((number) =>
        writers[number % 2]!.append(stream(`${number % 30}`), [sent, scanned(`${number}`)]),
      ),
    );
    const log = (await collect(store.readAll())).map(placeOf);
    expect(log).toHaveLength(total);
    for (const taken of takers) expect((await taken).map(placeOf)).toEqual(log);
  },
} satisfies Readonly<Record<string, Guarantee>>;
