const fail = (): never => {
  throw new Error('of the caller');
};

const targets: readonly object[] = [{}, [], () => {}];

/** Each operation on the proxy throws. */
const traps: ProxyHandler<object> = Object.fromEntries(
  Object.getOwnPropertyNames(Reflect).map((trap) => [trap, fail]),
);

function revoked(target: object): object {
  const { proxy, revoke } = Proxy.revocable(target, {});
  revoke();
  return proxy;
}

/** Objects that throw when they are read: some when their kind is looked at, some at one member, some at a conversion. */
export const hostileValues: readonly unknown[] = [
  ...targets.map(revoked),
  ...targets.map((target) => new Proxy(target, traps)),
  ...Object.keys(traps).map((trap) => new Proxy({ a: 1 }, { [trap]: fail })),
  new Proxy([{}], { get: fail }),
  withThrowingGetter({}, 'toJSON'),
  { toJSON: fail, toString: fail, valueOf: fail, [Symbol.toPrimitive]: fail },
];

/** A copy of an object in which one member is a getter that throws. */
export function withThrowingGetter(value: object, name: string): object {
  return Object.defineProperty({ ...value }, name, { enumerable: true, get: fail });
}
