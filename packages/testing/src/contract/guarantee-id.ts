/**
 * Names a guarantee that tests of the contract hold. The ids stay when a test is renamed.
 *
 * A test of the contract puts those that it holds into its `meta.guarantees`, for reporters of vitest.
 */
export type GuaranteeId =
  | 'append-conditions'
  | 'decision-reads'
  | 'expected-version'
  | 'idempotent-appends'
  | 'invalid-input'
  | 'isolated-failures'
  | 'no-write-skew'
  | 'readers-first'
  | 'readers-miss-nothing'
  | 'retired-events'
  | 'tokens-name-their-event'
  | 'unique-event-ids'
  | 'unknown-events'
  | 'upcasting';
