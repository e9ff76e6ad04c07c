import { InvalidArgumentError } from '@leftfold/core';
import { holds, notDefinition, reading } from '@leftfold/core/input';
import { assertTransport, type AnyRelay } from './define-relay.ts';

/** @throws InvalidArgumentError when a value is no relay */
export function assertRelay(argument: string, value: unknown): asserts value is AnyRelay {
  const given = value as AnyRelay;
  if (!holds(() => given.kind === 'relay' && typeof given.messageOf === 'function'))
    throw notDefinition('a relay, made by defineRelay(...)', argument, value);
  assertTransport(
    `${argument}.transport`,
    reading(argument, () => given.transport),
  );
}

/**
 * Consumers tell the messages of relays apart by their source: two relays with one would seem to repeat and to skip.
 *
 * @throws InvalidArgumentError when relays with different names have one source
 */
export function assertSourcesDistinct(relays: readonly AnyRelay[]): void {
  const names = new Map<string, string>();
  for (const { name, source } of relays) {
    const other = names.get(source);
    if (other !== undefined && other !== name)
      throw new InvalidArgumentError(
        `source of relay "${name}"`,
        `is that of relay "${other}" too; give each relay a source of its own, such as "/shop/orders"`,
      );
    names.set(source, name);
  }
}
