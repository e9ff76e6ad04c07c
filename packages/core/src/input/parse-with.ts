import type { z } from 'zod';
import { InvalidDefinitionError, type SchemaIssue, toSchemaIssues } from '../errors/definition-errors.ts';
import { isReadable } from './reading.ts';

/** What a schema says of a value. */
export type Parsed<TData> =
  | { readonly success: true; readonly data: TData }
  | { readonly success: false; readonly issues: readonly SchemaIssue[] };

/**
 * Parses a value. A value that is nested too deeply for the schema, or that cannot be read, does not match it.
 *
 * @param owner whose schema it is, for error messages
 * @throws InvalidDefinitionError when the schema is asynchronous
 * @throws what a refinement or a transform of the schema throws
 */
export function parseWith<TData>(owner: string, schema: z.ZodType<TData>, value: unknown): Parsed<TData> {
  try {
    const parsed = schema.safeParse(value);
    return parsed.success
      ? { success: true, data: parsed.data }
      : { success: false, issues: toSchemaIssues(parsed.error, schema) };
  } catch (cause) {
    if (cause instanceof RangeError) return { success: false, issues: [beyondLimits(cause)] };
    if (!isReadable(value)) return { success: false, issues: [UNREADABLE] };
    if (!isAsync(schema, value)) throw cause;
    throw new InvalidDefinitionError(
      `the schema of ${owner} has an asynchronous refinement or transform; make it synchronous, and check what has to be awaited before the call`,
      { cause },
    );
  }
}

export const UNREADABLE: SchemaIssue = {
  path: '',
  code: 'unreadable',
  message: 'has a getter or a proxy that throws',
};

/** What a value is when walking it exceeds a limit of the engine: of its call stack, or of a text or a list. */
export function beyondLimits(cause: RangeError): SchemaIssue {
  return cause.message.includes('call stack')
    ? {
        path: '',
        code: 'too_deep',
        message: 'is nested too deeply, thousands of levels, or contains itself',
      }
    : { path: '', code: 'too_large', message: 'is larger than any text can be' };
}

/** zod answers with a promise, or fails in one of several ways, depending on where in the schema it is asynchronous. */
function isAsync(schema: z.ZodType, value: unknown): boolean {
  try {
    const result = schema._zod.run({ value, issues: [] }, { async: true });
    if (!(result instanceof Promise)) return false;
    result.catch(() => {});
    return true;
  } catch {
    return false;
  }
}
