import { InvalidArgumentError, type JsonObject } from '@leftfold/core';
import { comparable, compareSchemas } from '@leftfold/core/input';
import type { DescribedMessage, LanguageDescription } from './describe-language.ts';

/** One difference between two descriptions of a published language. */
export interface LanguageChange {
  /** The type of the messages; undefined when it concerns all of them. */
  readonly type: string | undefined;
  /** Undefined when it concerns the type as a whole. */
  readonly schemaVersion: number | undefined;
  /** The field of the data, such as `owner.name`. Empty for the data or the message itself. */
  readonly path: string;
  /** Whether a consumer that was made for the language before may not handle a message of this one. */
  readonly breaking: boolean;
  /** What changed, in words. */
  readonly change: string;
  /** How to make the change without breaking consumers; undefined unless it is breaking. */
  readonly fix: string | undefined;
}

/**
 * The differences between a published language and the one before, for a CI job that fails when a consumer would break.
 *
 * A consumer reads what the language before said: it knows its types and versions, accepts any values that its schemas accept,
 * and ignores fields that it does not know. So it is broken by messages that accept more: by another value of an enum, by a
 * field that is missing. It is not broken by new fields, or by schemas that accept less. Refinements are not compared.
 *
 * @param before as it was read from its file: `JSON.parse(text)`
 * @throws InvalidArgumentError when one of them is no such description
 *
 * @example
 * ```ts
 * const committed = JSON.parse(readFileSync('orders.language.json', 'utf8'));
 * const changes = checkCompatibility(committed, language);
 * if (changes.some(({ breaking }) => breaking)) process.exitCode = 1;
 * ```
 */
export function checkCompatibility(before: unknown, after: LanguageDescription): readonly LanguageChange[] {
  const [was, is] = [languageIn('before', before), languageIn('after', after)];
  const changes: LanguageChange[] = [];
  if (was.source !== is.source)
    changes.push({
      ...ofAll,
      change: `source changed from ${was.source} to ${is.source}`,
      fix: 'keep the source: consumers take messages by it, and their inbox has the last message of each of its keys',
    });
  for (const [type, message] of Object.entries(was.messages)) {
    const now = is.messages[type];
    if (now === undefined)
      changes.push({ ...ofAll, type, change: 'message removed', fix: `go on publishing ${type}` });
    else changes.push(...changesOf(type, message, now));
  }
  for (const type of Object.keys(is.messages))
    if (!Object.hasOwn(was.messages, type))
      changes.push({
        ...ofAll,
        type,
        breaking: false,
        change:
          'message added: release the consumers first, since those that do not know it set its keys aside',
      });
  return changes;
}

const ofAll = { type: undefined, schemaVersion: undefined, path: '', breaking: true, fix: undefined };

function changesOf(type: string, was: DescribedMessage, is: DescribedMessage): readonly LanguageChange[] {
  const changes: LanguageChange[] = [];
  if (was.schemaVersion !== is.schemaVersion) {
    const breaking = !Object.hasOwn(was.versions, is.schemaVersion);
    changes.push({
      ...ofAll,
      type,
      breaking,
      change: `version ${is.schemaVersion} is published instead of ${was.schemaVersion}`,
      fix: breaking
        ? `publish version ${was.schemaVersion} until all consumers read version ${is.schemaVersion}: schemaVersions(...).written()`
        : undefined,
    });
  }
  for (const version of Object.keys(is.versions)) {
    const schemaVersion = Number(version);
    const [before, after] = [was.versions[version], is.versions[version]] as [JsonObject?, JsonObject?];
    if (after === undefined) continue;
    if (before === undefined) {
      changes.push({ ...ofAll, type, schemaVersion, breaking: false, change: `version ${version} added` });
      continue;
    }
    for (const { path, effect, change } of compareSchemas(comparable(before), comparable(after))) {
      const breaking = effect === 'wider' || effect === 'different';
      const fix = breaking ? fixOf(schemaVersion) : undefined;
      changes.push({ type, schemaVersion, path, breaking, change, fix });
    }
  }
  return changes;
}

function fixOf(version: number): string {
  return `restore the schema of version ${version}, and add the new one as version ${version + 1}, to be published when all consumers read it: schemaVersions(...).written().next(schema, upcast)`;
}

function languageIn(argument: string, given: unknown): LanguageDescription {
  const copy = copied(given);
  if (isDescription(copy)) return copy;
  throw InvalidArgumentError.not(
    'a description of a published language, made by describeLanguage(...)',
    argument,
    given,
  );
}

/** As JSON keeps it; undefined for what is no JSON. */
function copied(given: unknown): unknown {
  try {
    return JSON.parse(JSON.stringify(given)) as unknown;
  } catch {
    return undefined;
  }
}

function isDescription(given: unknown): given is LanguageDescription {
  if (!isObject(given) || given['format'] !== 1 || typeof given['source'] !== 'string') return false;
  return isObject(given['messages']) && Object.values(given['messages']).every(isDescribedMessage);
}

function isDescribedMessage(message: unknown): boolean {
  if (!isObject(message) || !Number.isSafeInteger(message['schemaVersion'])) return false;
  return isObject(message['versions']) && Object.values(message['versions']).every(isObject);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
