import type { ServiceVariable } from '../services/service-url.ts';

/** What Leftfold guarantees, in one sentence, and the page of the documentation that states it. */
export interface Claim {
  /** One sentence in Markdown, with its full stop. */
  readonly claim: string;
  /** Path below `docs/`, with the anchor of the heading where the page has several. */
  readonly statedIn: string;
  /** Names the service that its tests need. @default none */
  readonly service?: ServiceVariable;
}
