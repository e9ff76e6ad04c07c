import type { Client } from 'pg';

/** A node of a plan, as auto_explain reports it. */
export interface PlanNode {
  readonly 'Node Type': string;
  readonly 'Index Name'?: string;
  readonly 'Relation Name'?: string;
  readonly 'Actual Rows'?: number;
  readonly 'Actual Loops'?: number;
  readonly 'Rows Removed by Filter'?: number;
  readonly 'Total Cost'?: number;
  readonly Plans?: readonly PlanNode[];
}

export interface ExplainedStatement {
  readonly 'Query Text'?: string;
  readonly Plan: PlanNode;
}

/** The default of `jit_above_cost`: a server with JIT compiles a statement of that cost, for some milliseconds. */
export const JIT_ABOVE_COST = 100_000;

/** The node and all below it. */
export const nodesOf = (plan: PlanNode): readonly PlanNode[] => [
  plan,
  ...(plan.Plans ?? []).flatMap(nodesOf),
];

/** The plans of what the session runs, those of functions included, once {@link explainAll} was called. */
export function plansOfSession(client: Client): ExplainedStatement[] {
  const explained: ExplainedStatement[] = [];
  client.on('notice', ({ message = '' }) => {
    const json = message.indexOf('{');
    if (message.includes('plan:') && json > 0)
      explained.push(JSON.parse(message.slice(json)) as ExplainedStatement);
  });
  return explained;
}

/** Lets the server report the plan of each statement of a superuser's session. */
export async function explainAll(client: Client): Promise<void> {
  await client.query(`
    load 'auto_explain';
    set auto_explain.log_min_duration = 0;
    set auto_explain.log_nested_statements = on;
    set auto_explain.log_analyze = on;
    set auto_explain.log_format = json;
    set auto_explain.log_level = notice`);
}
