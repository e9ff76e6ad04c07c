import type { Claim } from '../claim.ts';

/** What processes and sagas can rely on. */
export const processClaims = {
  'process-inputs-once': {
    claim:
      'An input of a process is recorded once, in one append with what is to be done, however often its event, message or deadline comes.',
    statedIn: 'guides/processes.md#how-each-happens-once',
  },
  'process-commands-once': {
    claim:
      'A command of a process is executed once, and one answer to it is recorded, whichever process of the app is stopped, paused or replaced.',
    statedIn: 'guides/processes.md#how-each-happens-once',
  },
  'deadlines-by-the-database': {
    claim: 'A deadline is over by the clock of the database: a wrong clock of the app changes nothing.',
    statedIn: 'guides/processes.md#deadlines',
  },
  'deadline-or-reply': {
    claim:
      'Of a deadline and the input that cancels it, the one that is recorded first counts, and the other is ignored.',
    statedIn: 'guides/processes.md#deadlines',
  },
  'deadlines-in-order': {
    claim:
      'Deadlines of one instance are fired in the order of their due times, also while one of them fails and is tried again.',
    statedIn: 'guides/processes.md#deadlines',
  },
  'deadlines-apart': {
    claim: 'A deadline that hangs or fails holds up no deadline of another instance.',
    statedIn: 'guides/processes.md#deadlines',
  },
  'paused-instances-lose-nothing': {
    claim: 'A paused instance records its inputs, and takes them in order when it is resumed.',
    statedIn: 'guides/processes.md#operating',
  },
  'instances-keep-their-version': {
    claim: 'An instance goes on with the version of its process that it began with, until it is moved.',
    statedIn: 'guides/processes.md#versions-and-deployments',
  },
  'sagas-complete-or-compensate': {
    claim:
      'In every order of answers, refusals, timeouts, late and repeated answers and cancellation, a saga completes, or compensates each step that succeeded or may have.',
    statedIn: 'guides/sagas.md#compensation',
  },
} as const satisfies Readonly<Record<string, Claim>>;
