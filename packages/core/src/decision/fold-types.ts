import type { AnyEventGroup, EventGroup, TagKeysOf } from '../event/define-events.ts';
import type { EventData, Payloads } from '../event/event-shapes.ts';

/** The payloads of several groups by event type, `<category>.<name>`. */
export type PayloadsByType<TGroups extends readonly AnyEventGroup[]> = {
  readonly [TType in TypeOf<TGroups[number]>]: PayloadOf<TGroups[number], TType>;
};

type TypeOf<TGroup> =
  TGroup extends EventGroup<infer TCategory, infer TPayloads extends Payloads>
    ? `${TCategory}.${keyof TPayloads & string}`
    : never;

type PayloadOf<TGroup, TType extends string> =
  TGroup extends EventGroup<infer TCategory, infer TPayloads extends Payloads>
    ? TType extends `${TCategory}.${infer TName extends keyof TPayloads & string}`
      ? TPayloads[TName]
      : never
    : never;

/** The keys of the tags that every event of some types declares. */
export type TagKeysOfAll<TGroups extends readonly AnyEventGroup[], TType> = (
  TType extends unknown
    ? (key: KeysIn<TGroups[number], TType>) => void
    : never
) extends (key: infer TKey extends string) => void
  ? TKey
  : never;

type KeysIn<TGroup, TType> =
  TGroup extends EventGroup<infer TCategory, infer _TPayloads extends Payloads>
    ? TType extends `${TCategory}.${infer TName}`
      ? TName extends keyof TagKeysOf<TGroup>
        ? TagKeysOf<TGroup>[TName]
        : never
      : never
    : never;

/** How one event changes the state of a fold: `(state, data, tags)`, with the tags that the fold is for. */
export type FoldHandlers<TState, TGroups extends readonly AnyEventGroup[], TLast extends boolean> = {
  readonly [TType in keyof PayloadsByType<TGroups>]?: (
    state: TLast extends true ? undefined : TState,
    data: EventData<PayloadsByType<TGroups>[TType]>,
    tags: FoldTags<KeysIn<TGroups[number], TypeOf<TGroups[number]>>>,
  ) => TState;
};

/** Values by key; none for a fold over all events. */
export type FoldTags<TKey extends string = string> = { readonly [TName in TKey]?: string | number };

/** Values for one or more of the keys. Nothing, where there are no keys. */
export type SomeTags<TKey extends string> = {
  readonly [TOne in TKey]: { readonly [TName in TOne]: string | number } & {
    readonly [TName in TKey]?: string | number;
  };
}[TKey];
