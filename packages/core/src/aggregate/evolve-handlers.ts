import type { EventData, Payloads } from '../event/event-shapes.ts';

/** How one event changes the state. Pure, and does not throw: it also replays events that older rules accepted. */
export type EvolveHandlers<TState, TPayloads extends Payloads> = {
  readonly [TName in keyof TPayloads & string]: (state: TState, data: EventData<TPayloads[TName]>) => TState;
};

/**
 * A handler for an event that does not exist, or a result with a field that the state does not have, does not compile.
 * TypeScript by itself allows extra properties in a function's result, so that a misspelt field would be lost.
 */
export type KnownOnly<THandlers, TState, TPayloads extends Payloads> = {
  readonly [TName in keyof THandlers]: TName extends keyof TPayloads
    ? THandlers[TName] extends (...input: never) => infer TResult
      ? WithoutFields<UnknownField<TResult, TState>>
      : unknown
    : never;
};

/** Refuses results with these fields. */
export type WithoutFields<TField extends PropertyKey> = [TField] extends [never]
  ? unknown
  : (...input: never) => { readonly [TName in TField]?: never };

/** The fields of a result that no form of the state has. */
type UnknownField<TResult, TState> = TResult extends readonly unknown[]
  ? never
  : TResult extends object
    ? Exclude<keyof TResult, FieldOf<TState>>
    : never;

/** All names, for a state that may have any. */
type FieldOf<TState> = unknown extends TState
  ? PropertyKey
  : TState extends TState
    ? string extends keyof TState
      ? PropertyKey
      : keyof TState
    : never;
