import fc from 'fast-check';

/** An expected version: relative to the assumed version of the stream, or one of the named expectations. */
export type ProgramVersion = { readonly offset: number } | 'any' | 'no-stream' | 'stream-exists' | undefined;

/** An event to append: a new event, or the id of an earlier event with the same or other data. */
export type ProgramEvent =
  | {
      readonly kind: 'new';
      readonly name: 'sent' | 'scanned' | 'delivered';
      readonly place: number;
      readonly tags: readonly string[] | undefined;
    }
  | { readonly kind: 'known'; readonly index: number; readonly changed: boolean };

/** An append to one or more streams, or a repetition of an earlier append. */
export type ProgramAppend =
  | {
      readonly kind: 'new';
      readonly streams: readonly {
        readonly stream: number;
        readonly events: readonly ProgramEvent[];
        readonly expected: ProgramVersion;
      }[];
      readonly hasCommand: boolean;
      readonly actor: number | undefined;
    }
  | { readonly kind: 'again'; readonly index: number };

const often = <TValue>(weight: number, value: TValue) => ({ weight, arbitrary: fc.constant(value) });
const anyIndex = fc.nat(1_000);

const expectedVersion: fc.Arbitrary<ProgramVersion> = fc.oneof(
  often(1, undefined),
  often(1, 'any' as const),
  often(3, { offset: 0 }),
  often(1, 'no-stream' as const),
  often(1, 'stream-exists' as const),
  { weight: 2, arbitrary: fc.record({ offset: fc.constantFrom(-1, 1, 2, 3) }) },
);

const event: fc.Arbitrary<ProgramEvent> = fc.oneof(
  {
    weight: 11,
    arbitrary: fc.record({
      kind: fc.constant('new' as const),
      name: fc.constantFrom('sent' as const, 'scanned' as const, 'delivered' as const),
      place: fc.nat(4),
      tags: fc.option(
        fc.tuple(fc.nat(2), fc.nat(1)).map(([tag, other]) => [`tag:${tag}`, `other:${other}`]),
        { nil: undefined, freq: 2 },
      ),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('known' as const), index: anyIndex, changed: fc.boolean() }),
  },
);

/** Appends to few streams, so that they conflict, with right and wrong expected versions, and new and repeated ids. */
export function programAppend(streams: number): fc.Arbitrary<ProgramAppend> {
  const stream = fc.record({
    stream: fc.nat(streams - 1),
    events: fc.array(event, { maxLength: 3, size: 'max' }),
    expected: expectedVersion,
  });
  return fc.oneof(
    {
      weight: 7,
      arbitrary: fc.record({
        kind: fc.constant('new' as const),
        streams: fc.uniqueArray(stream, {
          minLength: 1,
          maxLength: 3,
          size: 'max',
          selector: (one) => one.stream,
        }),
        hasCommand: fc.oneof(often(3, false), often(1, true)),
        actor: fc.option(fc.nat(2), { nil: undefined }),
      }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('again' as const), index: anyIndex }) },
  );
}
