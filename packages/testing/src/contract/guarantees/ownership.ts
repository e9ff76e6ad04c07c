import type { RecordedEvent } from '@leftfold/core';
import { expect } from 'vitest';
import { type Guarantee, scanned, scans } from '../trial.ts';

/** Changes all that it can of an event. */
function changeInPlace(event: RecordedEvent): void {
  const changes = [
    () => (event.tags as string[]).splice(0),
    () => (event.tags as string[]).push('city:rome'),
    () => Object.assign(event.data as object, { place: 'Rome' }),
    () => Object.assign(event.metadata, { actor: 'Eve' }),
    () => event.recordedAt.setTime(0),
  ];
  for (const change of changes) {
    try {
      change();
    } catch (error) {
      expect(error).toBeInstanceOf(TypeError);
    }
  }
}

export const ownershipGuarantees = {
  'a reader that changes an event changes it for no other reader': async ({ store, stream, category }) => {
    const tagged = { ...scanned('Paris'), tags: ['city:paris'] };
    const metadata = { actor: 'Ada' };
    const { position } = await store.append(stream(), [tagged, tagged], { metadata });
    const end = new AbortController();
    const follow = async (tags: readonly string[] | undefined, seen: (event: RecordedEvent) => void) => {
      const filter = { category, ...(tags && { tags }) };
      const counts: number[] = [];
      for await (const event of store.subscribe({ after: position, filter, signal: end.signal })) {
        seen(structuredClone(event));
        changeInPlace(event);
        counts.push(event.streamVersion);
        if (event.streamVersion === 22) break;
      }
      return counts;
    };
    const seen: RecordedEvent[] = [];
    const followers = [undefined, ['city:paris'], undefined, ['city:paris'], ['city:rome']].map((tags) =>
      follow(tags, (event) => seen.push(event)),
    );
    for (let count = 0; count < 20; count += 1) {
      const { events } = await store.append(stream(), [tagged], { metadata });
      events.forEach(changeInPlace);
    }
    const versions = Array.from({ length: 20 }, (_, index) => index + 3);
    expect(await Promise.all(followers.slice(0, 4))).toEqual(Array(4).fill(versions));
    end.abort();
    expect(await followers[4]).toEqual([]);
    expect(seen).toHaveLength(80);
    for (const { tags, data, metadata: read, recordedAt } of seen) {
      expect({ tags, data, metadata: read }).toEqual({
        tags: tagged.tags,
        data: { place: 'Paris' },
        metadata,
      });
      expect(recordedAt.getTime()).toBeGreaterThan(0);
    }
  },

  'the events of one append share nothing that can be changed': async ({ store, stream }) => {
    const { events } = await store.append(stream(), scans(2), { metadata: { actor: 'Ada', list: [1] } });
    const [first, second] = events;
    const before = structuredClone(second);
    changeInPlace(first!);
    (first!.metadata['list'] as number[]).push(2);
    expect(second).toEqual(before);
  },
} satisfies Readonly<Record<string, Guarantee>>;
