import { assertGiven, type OptionNames } from '@leftfold/core/input';
import { checkCompatibility, type LanguageChange, type LanguageDescription } from '@leftfold/messaging';
import { checkCommitted } from '../committed/check-committed.ts';

/** Options of {@link checkLanguage}. */
export interface CheckLanguageOptions {
  /** The published language, by `describeLanguage` of @leftfold/messaging. */
  readonly language: LanguageDescription;
  /** The committed JSON file. */
  readonly file: string | URL;
  /**
   * `'update'` writes the file, unless a change is breaking; `'accept'` writes it in any case, when no consumer was made for
   * what is committed.
   *
   * @default the environment variable LEFTFOLD_LANGUAGE; without it the file is only compared
   */
  readonly mode?: 'update' | 'accept' | undefined;
}

/**
 * Asserts that a published language is as committed, and that no change of it breaks consumers. For a test:
 *
 * ```ts
 * test('the language is as committed', () => {
 *   const language = describeLanguage({ source: '/shop/orders', messages: [orderMessages] });
 *   checkLanguage({ language, file: 'orders.language.json' });
 * });
 * ```
 *
 * A change that is not breaking fails too, until the file is written: `LEFTFOLD_LANGUAGE=update npx vitest run`.
 *
 * @returns the differences between the file, as it was, and the language
 * @throws AssertionError that names each message, its change and the fix
 * @throws InvalidArgumentError when an option is none, or the file has something else
 */
export function checkLanguage(options: CheckLanguageOptions): readonly LanguageChange[] {
  assertGiven('options', options, optionNames);
  const { language, file, mode } = options;
  checkCompatibility(language, language); // refuses what is no language
  return checkCommitted(
    { file, mode },
    {
      variable: 'LEFTFOLD_LANGUAGE',
      defined: language,
      compare: (committed) => checkCompatibility(committed, language),
      broken: 'consumers of the committed language would not understand these messages, by',
      acceptWhen: 'if no consumer was made for it',
      notCompared: [],
    },
    checkLanguage,
  );
}

const optionNames: OptionNames<CheckLanguageOptions> = { language: true, file: true, mode: true };
