import { argumentOf, type EventColumn, eventColumns, type SentValues } from '../src/sql/event-columns.ts';

/** How the values of a column arrive in `_append_batch`. src/sql/column-encoding.ts makes the arguments. */
interface BatchArgument {
  readonly type: string;
  /** The set-returning function that gives the elements. Arrays with the same one are unnested in one call. */
  readonly unnest: 'unnest' | 'jsonb_array_elements';
  /** An element as a value of the column. */
  readonly element: (name: string) => string;
}

const batchArguments: { readonly [T in keyof SentValues]: BatchArgument } = {
  text: { type: 'text[]', unnest: 'unnest', element: (name) => name },
  integer: { type: 'integer[]', unnest: 'unnest', element: (name) => name },
  // One JSON array, which Postgres reads in half the time of a jsonb[].
  jsonb: { type: 'jsonb', unnest: 'jsonb_array_elements', element: (name) => name },
  // Arrays of arrays must have equal lengths; these are array literals.
  'text[]': { type: 'text[]', unnest: 'unnest', element: (name) => `${name}::text[]` },
};

/**
 * The text of each placeholder of src/sql/functions/*.sql, one item for each column.
 *
 * A placeholder stands for all columns, `:event_columns`, or for some of them, `:event_columns(event_id, type)`.
 */
const placeholders: Readonly<Record<string, (columns: readonly EventColumn[]) => readonly string[]>> = {
  /** Arguments of a function that takes one event. */
  event_arguments: (columns) =>
    columns.map((column) => `${argumentOf(column.name)} ${column.type}${defaultOf(column, column.default)}`),
  /** Arguments of a function that takes many. */
  event_array_arguments: (columns) =>
    columns.map(
      (column) =>
        `${argumentOf(column.name)} ${batchArguments[column.type].type}${defaultOf(column, 'null')}`,
    ),
  /** The arguments as they are passed on to another function. */
  event_passed: (columns) => columns.map(({ name }) => `${argumentOf(name)} => ${argumentOf(name)}`),
  /** The columns of the table. */
  event_columns: (columns) => columns.map(({ name }) => name),
  /** Their values in a function that takes one event. */
  event_values: (columns) => columns.map(({ name }) => argumentOf(name)),
  /** The functions of ROWS FROM that give the events' values. */
  event_unnest: (columns) =>
    unnestGroups(columns).map(
      ([unnest, group]) => `${unnest}(${group.map(({ name }) => argumentOf(name)).join(', ')})`,
    ),
  /** The names of the columns that come from `:event_unnest`. */
  event_unnested: (columns) => unnestGroups(columns).flatMap(([, group]) => group.map(({ name }) => name)),
  /** Their values for the table, in the order of `:event_columns`, from a row named `event`. */
  event_elements: (columns) =>
    columns.map((column) => {
      const element = batchArguments[column.type].element(`event.${column.name}`);
      return column.default === undefined ? element : `coalesce(${element}, ${column.default})`;
    }),
};

/**
 * Writes the columns into the text of a SQL function.
 *
 * @throws TypeError for a placeholder or a column that does not exist
 */
export function expandPlaceholders(sql: string, columns: readonly EventColumn[] = eventColumns): string {
  const lines = sql.split('\n').map((line) =>
    line.replaceAll(
      /(?<!:):(event_\w+)(?:\(([^)]*)\))?/g,
      (whole, name: string, names: string | undefined, at: number) => {
        const itemsOf = placeholders[name];
        if (itemsOf === undefined) throw new TypeError(`${whole}: no such placeholder`);
        const items = itemsOf(
          names === undefined ? columns : names.split(', ').map((one) => columnNamed(one, columns)),
        );
        return items.join(`,\n${' '.repeat(at)}`);
      },
    ),
  );
  return lines.join('\n');
}

function columnNamed(name: string, columns: readonly EventColumn[]): EventColumn {
  const column = columns.find((each) => each.name === name);
  if (column === undefined) throw new TypeError(`events have no column "${name}"`);
  return column;
}

function defaultOf(column: EventColumn, value: string | undefined): string {
  return column.default === undefined || value === undefined ? '' : ` default ${value}`;
}

/** Each argument of its own JSON array needs a call of its own; `unnest` takes several arrays. */
function unnestGroups(
  columns: readonly EventColumn[],
): readonly (readonly [string, readonly EventColumn[]])[] {
  const arrays = columns.filter(({ type }) => batchArguments[type].unnest === 'unnest');
  const others = columns.filter(({ type }) => batchArguments[type].unnest !== 'unnest');
  const groups = others.map((column) => [batchArguments[column.type].unnest, [column]] as const);
  return arrays.length === 0 ? groups : [['unnest', arrays], ...groups];
}
