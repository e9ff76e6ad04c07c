import { InvalidArgumentError } from '@leftfold/core';

/** The protocol counts them in 16 bits. Of a larger number pg sends the rest, which the server reports as a violation. */
const MAX_PARAMETERS = 65_535;

/** @throws InvalidArgumentError when a statement has more parameters than PostgreSQL takes. Nothing was sent. */
export function assertParameters(values: readonly unknown[] = []): void {
  if (values.length <= MAX_PARAMETERS) return;
  throw new InvalidArgumentError(
    'parameters',
    `of a statement are ${values.length}, the limit of PostgreSQL is ${MAX_PARAMETERS}; send fewer rows at a time, or a list as one parameter, such as "= any ($1)"`,
  );
}
