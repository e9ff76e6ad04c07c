import { hostileValues, withThrowingGetter } from '@leftfold/testbed/hostile';

/** What JavaScript callers pass in place of what the types ask for. */
const wrongValues: readonly unknown[] = [
  null,
  7,
  Number.NaN,
  'text',
  new String('a'),
  true,
  7n,
  Symbol('a'),
  {},
  [],
  [null],
  () => {},
  new Date(Number.NaN),
  ...hostileValues,
];

/** One call with a wrong argument, or with a wrong or missing part of one. */
export interface WrongCall {
  /** Where the wrong part is: `0.columns.cents`. */
  readonly path: string;
  readonly wrong: unknown;
  readonly given: readonly unknown[];
}

/**
 * Calls with each argument, and each part of it, replaced by a wrong value or left out.
 *
 * @param given arguments that are right
 * @param whole parts that are replaced as a whole, such as what a define function made
 */
export function* wrongCalls(given: readonly unknown[], whole: ReadonlySet<unknown>): Iterable<WrongCall> {
  for (const index of given.keys()) {
    for (const { path, wrong, value } of mutations(given[index], whole)) {
      yield { path: path === '' ? `${index}` : `${index}.${path}`, wrong, given: given.with(index, value) };
    }
  }
}

interface Mutation {
  readonly path: string;
  readonly wrong: unknown;
  readonly value: unknown;
}

function* mutations(value: unknown, whole: ReadonlySet<unknown>): Iterable<Mutation> {
  for (const wrong of [undefined, ...wrongValues]) yield { path: '', wrong, value: wrong };
  if (whole.has(value) || typeof value !== 'object' || value === null) return;
  const isList = Array.isArray(value);
  if (!isList && Object.getPrototypeOf(value) !== Object.prototype) return;
  for (const name of Object.keys(value)) {
    if (!isList) yield { path: name, wrong: 'a getter that throws', value: withThrowingGetter(value, name) };
    const members = value as Readonly<Record<string, unknown>>;
    for (const inner of mutations(members[name], whole)) {
      const changed = isList ? value.with(Number(name), inner.value) : { ...members, [name]: inner.value };
      yield { path: inner.path === '' ? name : `${name}.${inner.path}`, wrong: inner.wrong, value: changed };
    }
  }
}
