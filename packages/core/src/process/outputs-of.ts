import { InvalidDefinitionError } from '../errors/definition-errors.ts';
import { shownValue } from '../errors/shown.ts';
import { isPromise } from '../fold/next-state.ts';
import type { ProcessOutput } from './process-outputs.ts';

/**
 * The outputs that a function of `react` returned.
 *
 * @param outcome.made all that it has made: nothing else is an output, and each has been checked
 * @throws InvalidDefinitionError when it returned something else, such as a promise, or less than it has made
 */
export function outputsOf(
  process: string,
  type: string,
  { returned, made }: { readonly returned: unknown; readonly made: readonly ProcessOutput[] },
): readonly ProcessOutput[] {
  const list: readonly unknown[] =
    returned === undefined ? [] : Array.isArray(returned) ? returned : [returned];
  for (const one of list) if (isPromise(one)) one.catch(() => {});
  const wrong = list.findIndex((one) => !made.includes(one as ProcessOutput));
  if (wrong !== -1) throw notOutput(process, type, list[wrong]);
  const forgotten = made.find((output) => !list.includes(output));
  if (forgotten !== undefined) throw notReturned(process, type, forgotten);
  return list as readonly ProcessOutput[];
}

function notOutput(process: string, type: string, returned: unknown): InvalidDefinitionError {
  const what = isPromise(returned) ? 'a promise' : shownValue(returned);
  return new InvalidDefinitionError(
    `react["${type}"] of process "${process}" returned ${what}; return what its third argument makes, such as out.execute(command), a list of these, or nothing`,
  );
}

/** It would not be done, and nothing would say so. */
function notReturned(process: string, type: string, { kind }: ProcessOutput): InvalidDefinitionError {
  return new InvalidDefinitionError(
    `react["${type}"] of process "${process}" made out.${kind} and did not return it, so that it would not be done; return all outputs in one list`,
  );
}
