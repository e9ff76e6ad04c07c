import type { NewEvent } from '../event/event.ts';
import type { Rejection } from './reject.ts';

/** Exists in types only: a command's input, the events it can emit, and the reasons for which it can be rejected. */
export interface CommandTypes<TInput, TEvent extends NewEvent, TReason extends string> {
  readonly input: TInput;
  readonly event: TEvent;
  readonly reason: TReason;
}

/** The events of `TEvent` that a `decide` with this result can emit; all of them when the result's type is too wide. */
export type EmittedBy<TResult, TEvent extends NewEvent> = unknown extends TResult
  ? TEvent
  : Extract<TEvent, { readonly type: EventTypeIn<TResult> }>;

/** The types of an event, or of a list of events. */
type EventTypeIn<TResult> = TResult extends Rejection | undefined
  ? never
  : TResult extends { readonly type: infer TType extends string }
    ? TType
    : TResult extends readonly (infer TItem)[]
      ? EventTypeIn<TItem>
      : never;

/** The reasons of a `decide` with this result; all declared ones when the result's type is too wide. */
export type RejectedBy<TResult, TReason extends string> = unknown extends TResult
  ? TReason
  : TResult extends Rejection<infer TOwn>
    ? string extends TOwn
      ? TReason
      : TOwn
    : never;
