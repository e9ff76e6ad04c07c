import type { Claim } from '../claim.ts';

/** What the execution of a command guarantees. */
export const commandClaims = {
  'decided-on-newest-state': {
    claim: 'The events of a command are appended only if it was decided on the newest state.',
    statedIn: 'guides/commands.md#conflicts-with-other-writers',
  },
  'decisions-over-several-aggregates': {
    claim:
      'A decision over several aggregates sees states that existed at one moment, and its events are appended to all of them or to none.',
    statedIn: 'guides/commands.md#decisions-over-several-aggregates',
  },
  'decisions-over-tags': {
    claim:
      'A decision over tagged events is appended only if no event that it should have read was added in the meantime, in any stream; a rejection rests on states of one moment.',
    statedIn: 'guides/decisions.md#what-is-guaranteed',
  },
  'conflicts-named': {
    claim:
      'An append condition that failed names the newest event that matches and every query that it matches; of a decision, the roles that it counts in.',
    statedIn: 'guides/decisions.md#what-is-guaranteed',
  },
  'locked-decisions': {
    claim:
      'A decision that other writers refused waits for its turn, reads and decides again, and then no other writer comes in between. A process that stops in its turn holds up others for seconds.',
    statedIn: 'guides/decisions.md#many-writers-of-the-same-tags',
  },
  'commands-take-effect-once': {
    claim: 'A command with an id takes effect once, however often it is sent, and returns the first result.',
    statedIn: 'guides/commands.md#idempotency',
  },
  'input-at-the-call': {
    claim:
      'A command is decided on the input that it had when it was given, whatever changes that object afterwards.',
    statedIn: 'guides/commands.md#aggregates',
  },
  'rejections-append-nothing': {
    claim: 'A rejected command appends nothing and returns the reason, the details and a token.',
    statedIn: 'guides/commands.md#executing-commands',
  },
  'log-over-snapshot': {
    claim: 'A snapshot that does not agree with the log is ignored.',
    statedIn: 'guides/commands.md#snapshots',
  },
} as const satisfies Readonly<Record<string, Claim>>;
