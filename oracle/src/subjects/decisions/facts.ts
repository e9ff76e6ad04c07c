import type { EventQuery, JsonValue } from '@leftfold/core';
import { withClient } from '../../faults/every-subject.ts';
import type { Basis } from './recording-store.ts';

/** An event as it stands in the table. */
export interface Fact {
  readonly position: number;
  readonly streamId: string;
  readonly streamVersion: number;
  readonly type: string;
  readonly schemaVersion: number;
  readonly tags: readonly string[];
  readonly data: JsonValue;
  /** The command id of its append. */
  readonly append: string;
  /** The decision that it follows from, and its input as JSON; null for other appends. */
  readonly decision: string | null;
  readonly input: string | null;
  /** Null for an append by SQL. */
  readonly basis: Basis | null;
}

/** The whole log, read without any code that is under test. */
export function readFacts(connectionString: string): Promise<readonly Fact[]> {
  return withClient(connectionString, async (client) => {
    const { rows } = await client.query<Fact>(
      `select position::float8 as position, stream_id as "streamId", stream_version::float8 as "streamVersion",
              type, schema_version as "schemaVersion", tags, data, metadata ->> 'commandId' as append,
              metadata ->> 'command' as decision, metadata ->> 'input' as input, metadata -> 'basis' as basis
         from leftfold.events
        order by position`,
    );
    return rows;
  });
}

/** Whether a query matches, written anew from what the documentation says. */
export function matches(
  { types, category, tags = [] }: EventQuery,
  { type, streamId, tags: has }: Pick<Fact, 'type' | 'streamId' | 'tags'>,
): boolean {
  return (
    (types === undefined || types.includes(type)) &&
    (category === undefined || streamId.split('-')[0] === category) &&
    tags.every((tag) => has.includes(tag))
  );
}

/** The whole log, indexed. */
export class Facts {
  readonly all: readonly Fact[];
  /** The events of each append, in their order. */
  readonly byAppend: ReadonlyMap<string, readonly Fact[]>;
  readonly #byTag: ReadonlyMap<string, readonly Fact[]>;
  readonly #byStream: ReadonlyMap<string, readonly Fact[]>;

  /** @param all in the order of the log */
  constructor(all: readonly Fact[]) {
    this.all = all;
    this.byAppend = grouped(all, ({ append }) => [append]);
    this.#byTag = grouped(all, ({ tags }) => tags);
    this.#byStream = grouped(all, ({ streamId }) => [streamId]);
  }

  at(position: number): Fact | undefined {
    const fact = this.all[firstAfter(this.all, position - 1)];
    return fact?.position === position ? fact : undefined;
  }

  ofStream(streamId: string): readonly Fact[] {
    return this.#byStream.get(streamId) ?? [];
  }

  /** The events after one position and before another one that a query matches, in the order of the log. */
  matching(query: EventQuery, after = 0, before = Number.POSITIVE_INFINITY): readonly Fact[] {
    const [tag] = query.tags ?? [];
    const candidates = tag === undefined ? this.all : (this.#byTag.get(tag) ?? []);
    const end = before === Number.POSITIVE_INFINITY ? candidates.length : firstAfter(candidates, before - 1);
    return candidates.slice(firstAfter(candidates, after), end).filter((fact) => matches(query, fact));
  }
}

/** The index of the first event after a position. */
function firstAfter(facts: readonly Fact[], position: number): number {
  let [low, high] = [0, facts.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (facts[middle]!.position > position) high = middle;
    else low = middle + 1;
  }
  return low;
}

function grouped(
  facts: readonly Fact[],
  keysOf: (fact: Fact) => readonly string[],
): ReadonlyMap<string, readonly Fact[]> {
  const groups = new Map<string, Fact[]>();
  for (const fact of facts)
    for (const key of keysOf(fact)) {
      const group = groups.get(key);
      if (group === undefined) groups.set(key, [fact]);
      else group.push(fact);
    }
  return groups;
}
