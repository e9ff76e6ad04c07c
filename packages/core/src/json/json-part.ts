/**
 * Why JSON would change a value or leave it out: `NaN` is written as null, a `Map` as `{}`, a `Date` as text.
 *
 * Looks at the value alone, not at its members.
 *
 * @returns undefined when JSON keeps it
 * @throws what a getter `toJSON` throws
 */
export function problemOf(part: unknown): string | undefined {
  switch (typeof part) {
    case 'string':
    case 'boolean':
      return undefined;
    case 'number':
      return Number.isFinite(part) ? undefined : 'is NaN or an infinity';
    case 'undefined':
      return 'is undefined';
    case 'object':
      return part === null ? undefined : problemOfObject(part);
    case 'bigint':
    case 'function':
    case 'symbol':
      return `is a ${typeof part}`;
  }
}

function problemOfObject(part: object): string | undefined {
  const prototype: unknown = Object.getPrototypeOf(part);
  // Names that a list has beside its elements are not looked at: that takes several times as long as writing it.
  if (prototype === Array.prototype && Array.isArray(part)) return problemOfToJson(part);
  if (!isPlain(part, prototype)) return `is an instance of ${classNameOf(part)}`;
  const problem = problemOfToJson(part);
  if (problem !== undefined) return problem;
  return Object.getOwnPropertySymbols(part).length === 0 ? undefined : 'has a member named by a symbol';
}

/** JSON writes what `toJSON` returns, also when the function is not enumerable or is inherited. */
function problemOfToJson(part: object): string | undefined {
  const { toJSON } = part as { readonly toJSON?: unknown };
  return typeof toJSON === 'function' ? 'has a toJSON function' : undefined;
}

/** True for an object without a class, also for one of another realm, such as a `vm` context. */
export function isPlainObject(value: object): boolean {
  return isPlain(value, Object.getPrototypeOf(value));
}

function isPlain(value: object, prototype: unknown): boolean {
  if (prototype === Object.prototype || prototype === null) return true;
  return Array.isArray(value)
    ? isOfAnotherRealm(Object.getPrototypeOf(prototype)) && Object.hasOwn(prototype as object, 'flatMap')
    : isOfAnotherRealm(prototype);
}

/** True for the `Object.prototype` of another realm. */
function isOfAnotherRealm(prototype: unknown): boolean {
  return (
    typeof prototype === 'object' &&
    prototype !== null &&
    Object.getPrototypeOf(prototype) === null &&
    Object.hasOwn(prototype, 'isPrototypeOf')
  );
}

function classNameOf(part: object): string {
  const { constructor } = part;
  return (typeof constructor === 'function' && constructor.name) || 'a class';
}

/**
 * True when JSON keeps a value as it is, except for members that are undefined, which it leaves out, and `-0`, which it
 * writes as `0`. O(n).
 *
 * @throws RangeError when it is nested too deeply, or contains itself
 * @throws what a getter throws
 */
export function isJson(value: unknown): boolean {
  if (problemOf(value) !== undefined) return false;
  if (typeof value !== 'object' || value === null) return true;
  if (Array.isArray(value)) {
    // By index, since the methods of an array leave out elements that it does not have.
    for (let index = 0; index < value.length; index += 1) if (!isJson(value[index])) return false;
    return true;
  }
  const members = value as Readonly<Record<string, unknown>>;
  for (const name of Object.keys(members)) {
    const member = members[name];
    if (member !== undefined && !isJson(member)) return false;
  }
  return true;
}
