import type { AnyEventGroup } from './define-events.ts';

/**
 * The types under which events of these types can be stored: the types themselves, and the retired ones that are read as
 * one of them.
 *
 * @example
 * ```ts
 * storedTypesOf([accountEvents], ['account.opened']); // ['account.opened', 'account.created']
 * ```
 */
export function storedTypesOf(groups: readonly AnyEventGroup[], types: readonly string[]): readonly string[] {
  const asked = new Set(types);
  const retired = groups
    .flatMap((group) => group.retired)
    .filter(({ targets }) => [...targets.values()].some(({ type }) => asked.has(type)));
  return [...new Set([...asked, ...retired.map(({ type }) => type)])];
}
