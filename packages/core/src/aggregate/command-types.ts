import type { NewEvent } from '../event/event.ts';
import type { Rejection } from './reject.ts';

/** Only in types: what one command takes, which events it may lead to, and for which reasons it may be rejected. */
export interface CommandTypes<TInput, TEvent extends NewEvent, TReason extends string> {
  readonly input: TInput;
  readonly event: TEvent;
  readonly reason: TReason;
}

/** Those of `TEvent` that a `decide` with this result may return; all of them where the result's type does not say. */
export type EmittedBy<TResult, TEvent extends NewEvent> = unknown extends TResult
  ? TEvent
  : Extract<TEvent, { readonly type: EventTypeIn<TResult> }>;

/** An event, a list of events, or events by role. */
type EventTypeIn<TResult> = TResult extends Rejection | undefined
  ? never
  : TResult extends { readonly type: infer TType extends string }
    ? TType
    : TResult extends readonly (infer TItem)[]
      ? EventTypeIn<TItem>
      : { [TRole in keyof TResult]: EventTypeIn<TResult[TRole]> }[keyof TResult];

/** The reasons of a `decide` with this result; those that are declared where the result's type does not say. */
export type RejectedBy<TResult, TReason extends string> = unknown extends TResult
  ? TReason
  : TResult extends Rejection<infer TOwn>
    ? string extends TOwn
      ? TReason
      : TOwn
    : never;
