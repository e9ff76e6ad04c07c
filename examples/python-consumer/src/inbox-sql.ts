import { inboxSql } from '@leftfold/messaging';

process.stdout.write(inboxSql());
