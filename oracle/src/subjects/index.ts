import type { Subject } from '../subject.ts';
import { decisions } from './decisions/decisions.ts';
import { log } from './log/log.ts';
import { messaging } from './messaging/messaging.ts';
import { processes } from './processes/processes.ts';
import { reads } from './reads/reads.ts';
import { rebuild } from './rebuild/rebuild.ts';
import { subscriptions } from './subscriptions/subscriptions.ts';

/** What can be named on the command line; the first one is the default. */
export const subjects: readonly Subject[] = [
  log,
  subscriptions,
  rebuild,
  reads,
  decisions,
  messaging,
  processes,
];
