import { defineEvents } from '@leftfold/core';
import { z } from 'zod';

/** Events of another category than the account's. */
export const auditEvents = defineEvents('audit', { noted: z.object({ note: z.string() }) });
