import { InvalidEventError } from '../errors/definition-errors.ts';
import { parseWith } from '../input/parse-with.ts';
import type { JsonValue } from './json.ts';
import type { WrittenVersion } from './schema-versions.ts';

/**
 * Parses data by one schema of an event type.
 *
 * @param position the event's position, when it was read from the log
 * @throws InvalidEventError when `data` does not match the schema.
 */
export function parsePayload(
  type: string,
  { schemaVersion, schema }: WrittenVersion,
  data: unknown,
  position?: number,
): JsonValue {
  const parsed = parseWith(`event "${type}"`, schema, data);
  if (parsed.success) return parsed.data;
  throw new InvalidEventError(type, schemaVersion, parsed.issues, { position });
}
