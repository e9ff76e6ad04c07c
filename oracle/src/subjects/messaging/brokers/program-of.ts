import { findProgram } from '@leftfold/testbed/faults';

/** The file of a program. @throws Error when it is not installed */
export function programOf(name: string): string {
  const found = findProgram(name);
  if (found === undefined)
    throw new Error(`${name} is not installed; install it, or choose another --transport`);
  return found;
}
