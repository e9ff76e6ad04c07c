import { expectTypeOf, test } from 'vitest';
import {
  type AnyLeftfoldError,
  type ErrorCode,
  type ExpectedVersion,
  type InvalidEventError,
  LeftfoldError,
  type SchemaIssue,
  type StreamVersionConflictError,
} from '../index.ts';

declare const error: unknown;

test('a code narrows an error to its class, with the fields of that class', () => {
  if (!LeftfoldError.is(error)) return;
  expectTypeOf(error).toEqualTypeOf<AnyLeftfoldError>();
  expectTypeOf<typeof error.code>().toEqualTypeOf<ErrorCode>();
  expectTypeOf(error.retryable).toEqualTypeOf<boolean>();
  if (error.code === 'STREAM_VERSION_CONFLICT') {
    expectTypeOf(error).toEqualTypeOf<StreamVersionConflictError>();
    expectTypeOf(error.expectedVersion).toEqualTypeOf<ExpectedVersion>();
  }
  if (error.code === 'INVALID_EVENT') {
    expectTypeOf(error).toEqualTypeOf<InvalidEventError>();
    expectTypeOf(error.issues).toEqualTypeOf<readonly SchemaIssue[]>();
  }
});

test('each code belongs to one class', () => {
  type Ambiguous = { [TCode in ErrorCode]: OneOf<Extract<AnyLeftfoldError, { readonly code: TCode }>> };
  expectTypeOf<Ambiguous[ErrorCode]>().toEqualTypeOf<true>();
});

test('a code that does not exist, or a field of another error, does not compile', () => {
  if (!LeftfoldError.is(error)) return;
  // @ts-expect-error there is no such code
  if (error.code === 'STREAM_CONFLICT') return;
  // @ts-expect-error only some errors have a stream
  expectTypeOf(error.streamId).toBeString();
});

/** True unless `T` is a union. */
type OneOf<T, TAll = T> = T extends TAll ? ([TAll] extends [T] ? true : false) : never;
