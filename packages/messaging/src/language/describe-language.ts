import { type AnyEventGroup, EventCatalog, InvalidArgumentError, type JsonObject } from '@leftfold/core';
import {
  assertEach,
  assertEventGroup,
  assertGiven,
  assertGivenText,
  assertOneOf,
  assertText,
  holds,
  type OptionNames,
  publishedSchema,
  unsayableIn,
} from '@leftfold/core/input';
import type { ContentMode } from '../envelope/cloud-event.ts';
import type { AnyRelay } from '../relay/define-relay.ts';
import { assertRelay } from '../relay/relay-set.ts';
import { asyncApiOf } from './async-api.ts';

/** Options of {@link describeLanguage}: the language of a relay, or the parts of one. */
export type LanguageOptions = LanguageTexts & (LanguageOfRelay | LanguageParts);

/** The language that a relay publishes. */
export interface LanguageOfRelay {
  readonly relay: AnyRelay;
}

/** A language without its relay, as in a package of its own. */
export interface LanguageParts {
  /** Of the relay: where the messages come from. */
  readonly source: string;
  /** The published language: the option `publishes` of the relay. */
  readonly messages: readonly AnyEventGroup[];
  /** Of the relay. @default 'binary' */
  readonly mode?: ContentMode | undefined;
}

/** What a description says beside the messages. */
export interface LanguageTexts {
  /** What the messages are about, for people. @default the source */
  readonly title?: string | undefined;
  /** Of the language, for people, such as `2.1.0`. @default '1.0.0' */
  readonly version?: string | undefined;
  /** Where the transport publishes: an exchange, a stream or a queue. @default not said */
  readonly address?: string | undefined;
}

/** One type of message. */
export interface DescribedMessage {
  /** The version that is published. */
  readonly schemaVersion: number;
  /** JSON Schemas of the data (draft 2020-12), by version: also of versions before, and of one that is not published yet. */
  readonly versions: Readonly<Record<string, JsonObject>>;
}

/** A published language, as one JSON document: to be committed, given to other services, and compared with later ones. */
export interface LanguageDescription {
  /** The form of this document. */
  readonly format: 1;
  readonly source: string;
  /** By type. A type that is retired is not published any more, and not among them. */
  readonly messages: Readonly<Record<string, DescribedMessage>>;
  /** An AsyncAPI 3.0 document: the channel, its messages with the attributes of their CloudEvents, and their sending. */
  readonly asyncapi: JsonObject;
}

const textNames = { title: true, version: true, address: true } as const;
const relayNames: OptionNames<LanguageTexts & LanguageOfRelay> = { relay: true, ...textNames };
const partNames: OptionNames<LanguageTexts & LanguageParts> = {
  source: true,
  messages: true,
  mode: true,
  ...textNames,
};

/**
 * Describes a published language for other services: a JSON Schema for each version of each message, and an AsyncAPI document.
 *
 * Members are in the order of types, so that the document changes only with the definitions. A refinement, which JSON Schema
 * cannot say, is named in a `$comment` where it stands.
 *
 * @throws InvalidArgumentError when an option is none; when a message has a part that JSON Schema cannot describe, such as a
 * date: it names the field, and the fix
 * @throws DuplicateDefinitionError when two messages have one type
 *
 * @example
 * ```ts
 * const language = describeLanguage({ relay: ordersOut });
 * writeFileSync('orders.language.json', JSON.stringify(language, null, 2));
 * ```
 */
export function describeLanguage(options: LanguageOptions): LanguageDescription {
  const { source, messages: groups, mode = 'binary' } = partsOf(options);
  const { title = source, version = '1.0.0', address } = options;
  assertGivenText('source', source);
  assertEach('messages', groups, assertEventGroup);
  assertOneOf('mode', mode, ['binary', 'structured']);
  for (const [name, text] of Object.entries({ title, version, address })) assertText(name, text);
  const definitions = new EventCatalog(groups, 'the published language').definitions
    .filter((definition) => !('targets' in definition))
    .toSorted((one, other) => (one.type < other.type ? -1 : 1));
  const problems = definitions.flatMap(({ type, schemas }) =>
    schemas.flatMap((schema, index) =>
      unsayableIn(schema).map((part) => problemOf(`${type} version ${index + 1}`, part)),
    ),
  );
  if (problems.length > 0) throw new InvalidArgumentError('messages', problems.join('; '));
  const messages = definitions.map(({ type, written, schemas }): [string, DescribedMessage] => {
    const versions = schemas.map((schema, index) => [
      String(index + 1),
      publishedSchema(schema, 'draft-2020-12'),
    ]);
    return [
      type,
      {
        schemaVersion: written.schemaVersion,
        versions: Object.fromEntries(versions) as DescribedMessage['versions'],
      },
    ];
  });
  const published = definitions.map(({ type, written, schemas }) => ({
    type,
    schemaVersion: written.schemaVersion,
    schema: publishedSchema(schemas[written.schemaVersion - 1]!, 'draft-07'),
  }));
  return {
    format: 1,
    source,
    messages: Object.fromEntries(messages),
    asyncapi: asyncApiOf(published, { source, mode, title, version, address }),
  };
}

/** @throws InvalidArgumentError when an option is misspelt, or the relay is none */
function partsOf(options: LanguageOptions): LanguageParts {
  if (!holds(() => 'relay' in options)) {
    assertGiven('options', options, partNames);
    // Sound: it has no relay.
    return options as LanguageParts;
  }
  assertGiven('options', options, relayNames);
  const { relay } = options as LanguageOfRelay;
  assertRelay('relay', relay);
  return { source: relay.source, messages: relay.publishes, mode: relay.mode };
}

const fixes: Readonly<Record<string, string>> = {
  bigint: 'a text of digits, such as z.string().regex(/^\\d+$/)',
  date: 'a text, such as z.iso.datetime()',
  map: 'z.record(z.string(), …)',
  set: 'z.array(…)',
  transform: 'the schema of its result: z.pipe(…, schema), or map the data before',
};

function problemOf(
  message: string,
  { path, type }: { readonly path: string; readonly type: string },
): string {
  const where = path === '' ? message : `${message}, ${path}`;
  const instead = fixes[type] ?? 'a schema of JSON';
  return `${where}: JSON Schema cannot describe what "${type}" of zod is; use ${instead}`;
}
