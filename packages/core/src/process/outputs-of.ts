import { InvalidDefinitionError } from '../errors/definition-errors.ts';
import { shownValue } from '../errors/shown.ts';
import type { ProcessOutput } from './process-outputs.ts';

const kinds: Readonly<Record<ProcessOutput['kind'], true>> = {
  execute: true,
  schedule: true,
  cancel: true,
  publish: true,
  complete: true,
  fail: true,
};

/**
 * The outputs that a function of `react` returned.
 *
 * @throws InvalidDefinitionError when it returned something else, such as a promise
 */
export function outputsOf(process: string, type: string, returned: unknown): readonly ProcessOutput[] {
  if (returned === undefined) return [];
  const list: readonly unknown[] = Array.isArray(returned) ? returned : [returned];
  for (const one of list) if (!isOutput(one)) throw notOutput(process, type, one);
  return list as readonly ProcessOutput[];
}

function isOutput(value: unknown): boolean {
  return (
    typeof value === 'object' &&
    value !== null &&
    'kind' in value &&
    typeof value.kind === 'string' &&
    Object.hasOwn(kinds, value.kind)
  );
}

function notOutput(process: string, type: string, returned: unknown): InvalidDefinitionError {
  if (returned instanceof Promise) returned.catch(() => {});
  const what = returned instanceof Promise ? 'a promise' : shownValue(returned);
  return new InvalidDefinitionError(
    `react["${type}"] of process "${process}" returned ${what}; return what its third argument makes, such as out.execute(command), a list of these, or nothing`,
  );
}
