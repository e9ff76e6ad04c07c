import type { EventQuery, ReadsByRole } from '@leftfold/core';
import type { Fact, Facts } from './facts.ts';
import { school } from './school.ts';

/** A decision on one input. */
export interface Decided {
  readonly decision: string;
  /** As JSON. */
  readonly input: string;
}

type Read = Exclude<ReadsByRole[string], readonly unknown[]>;

/** What a decision reads; undefined for another command. */
export function readsOf({ decision, input }: Decided): ReadsByRole | undefined {
  const found = Object.values(school.decisions).find(({ name }) => name === decision);
  return found?.reads(JSON.parse(input));
}

/** The queries of the folds, by role. */
export function queriesByRole(reads: ReadsByRole): readonly (readonly [role: string, query: EventQuery])[] {
  return Object.entries(reads).flatMap(([role, read]) =>
    listOf(read).flatMap((one) => ('fold' in one ? [[role, queryOf(one)] as const] : [])),
  );
}

/**
 * The states that a decision reads, as `decide` got them in JSON: before the first event, and after each one that counts.
 * Each is to be asked for before the next one.
 *
 * @param isRead leaves events out of a state. @default every event counts
 */
export function* statesAlong(
  facts: Facts,
  reads: ReadsByRole,
  isRead: (fact: Fact, read: Read) => boolean = () => true,
): Generator<() => string> {
  const states = new Map<Read, unknown>();
  const counting = new Map<Fact, Read[]>();
  for (const read of Object.values(reads).flatMap(listOf)) {
    states.set(read, initialOf(read));
    for (const fact of factsOf(facts, read))
      if (isRead(fact, read)) counting.set(fact, [...(counting.get(fact) ?? []), read]);
  }
  const stateOf = (read: Read) => states.get(read);
  const asJson = () =>
    JSON.stringify(
      Object.fromEntries(
        Object.entries(reads).map(([role, read]) => [
          role,
          Array.isArray(read) ? read.map(stateOf) : stateOf(read as Read),
        ]),
      ),
    );
  yield asJson;
  const inOrder = [...counting].toSorted(([one], [other]) => one.position - other.position);
  for (const [fact, countingReads] of inOrder) {
    for (const read of countingReads) states.set(read, evolved(read, states.get(read), fact));
    yield asJson;
  }
}

function listOf(read: ReadsByRole[string]): readonly Read[] {
  return (Array.isArray(read) ? read : [read]) as readonly Read[];
}

export function queryOf({ fold, tags }: Extract<Read, { readonly fold: unknown }>): EventQuery {
  return { types: fold.types, ...(tags.length > 0 && { tags }) };
}

function factsOf(facts: Facts, read: Read): readonly Fact[] {
  return 'fold' in read ? facts.matching(queryOf(read)) : facts.ofStream(read.aggregate.streamId(read.id));
}

function initialOf(read: Read): unknown {
  return 'fold' in read ? read.fold.initialState : read.aggregate.initialState;
}

function evolved(read: Read, state: unknown, { type, schemaVersion, data }: Fact): unknown {
  if (!('fold' in read)) return read.aggregate.evolve(state, { type, schemaVersion, data });
  const { fold, values } = read;
  return fold.evolve(state, { type, data }, values);
}
