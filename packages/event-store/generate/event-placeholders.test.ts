import { expect, test } from 'vitest';
import { expandPlaceholders } from './event-placeholders.ts';

test('a placeholder stands for all columns, indented as it is itself', () => {
  expect(expandPlaceholders('select :event_columns\n  from :schema.events')).toBe(
    [
      'select event_id,',
      '       type,',
      '       schema_version,',
      '       data,',
      '       metadata,',
      '       tags',
      '  from :schema.events',
    ].join('\n'),
  );
});

test('a placeholder stands for the columns that it names', () => {
  expect(expandPlaceholders('(:event_array_arguments(event_id, data, tags))')).toBe(
    '(event_id text[],\n event_data jsonb,\n event_tags text[] default null)',
  );
  expect(expandPlaceholders(':event_arguments(type, tags)')).toBe(
    "event_type text,\nevent_tags text[] default '{}'",
  );
});

test('arrays are unnested in one call, and each JSON array in one of its own', () => {
  expect(expandPlaceholders(':event_unnest(data, type, tags)')).toBe(
    'unnest(event_type, event_tags),\njsonb_array_elements(event_data)',
  );
  expect(expandPlaceholders(':event_unnested(data, type, tags)')).toBe('type,\ntags,\ndata');
});

test('a placeholder or a column that does not exist is an error', () => {
  expect(() => expandPlaceholders('select :event_colums')).toThrow(':event_colums: no such placeholder');
  expect(() => expandPlaceholders(':event_columns(tenant)')).toThrow('events have no column "tenant"');
});

test('a cast and a name after a schema are no placeholders', () => {
  const sql = "select nextval(':schema.event_position'), 1::event_type";
  expect(expandPlaceholders(sql)).toBe(sql);
});
