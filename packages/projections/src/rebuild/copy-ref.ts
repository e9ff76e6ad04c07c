import type { ProjectionKey } from '../sql/inline.ts';

/** The subscription that builds the copy of a projection's tables. No projection can have such a name. */
export function copyRef({ name, version }: ProjectionKey): ProjectionKey {
  return { name: `${name}+copy`, version };
}
