import { createApp } from 'leftfold';
import { enrol, leave, plan } from './domain/enrolment.ts';
import { waitingList } from './read/waiting-list.ts';

/** Opens one process of the school. */
export function openSchool(databaseUrl: string | undefined) {
  return createApp({
    schema: 'courses',
    decisions: [plan, enrol, leave],
    projections: [waitingList],
    database: { url: databaseUrl },
    commands: { retry: { attempts: 50 } },
  });
}
