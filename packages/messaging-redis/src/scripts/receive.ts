/** In place of a cursor: entries that were delivered to no receiver. */
const NEW = '>';

/**
 * Reads entries of partitions for the receiver that has them. KEYS: owner and messages of each. ARGV: the receiver, the
 * consumer, most entries, most bytes, the cursor of each partition. Returns the cursors afterwards; and for each entry its
 * place in KEYS, its id, fields, and 1 if it was delivered before.
 *
 * A group has one member, since a partition has one receiver at a time: what that has not acknowledged is read from its
 * beginning by the next one, before what is new.
 */
export const receive = `
for place = 1, #KEYS, 2 do
  if redis.call('GET', KEYS[place]) ~= ARGV[1] then return redis.error_reply('LEASELOST it has another owner') end
end
local count, bytes = tonumber(ARGV[3]), tonumber(ARGV[4])
local cursors, entries = {}, {}
for place = 1, #KEYS / 2 do
  local cursor = ARGV[4 + place]
  while count > 0 and bytes > 0 do
    local reply = redis.call('XREADGROUP', 'GROUP', ARGV[2], 'receiver', 'COUNT', 1, 'STREAMS', KEYS[2 * place], cursor)
    local entry = reply and reply[1][2][1]
    if entry then
      local id, fields = entry[1], entry[2]
      if fields then
        entries[#entries + 1] = {place - 1, id, fields, cursor == '${NEW}' and 0 or 1}
        count = count - 1
        for _, text in ipairs(fields) do bytes = bytes - #text end
      else
        -- It was deleted by a command: it cannot be delivered.
        redis.call('XACK', KEYS[2 * place], ARGV[2], id)
      end
      if cursor ~= '${NEW}' then cursor = id end
    elseif cursor ~= '${NEW}' then
      cursor = '${NEW}'
    else
      break
    end
  end
  cursors[place] = cursor
end
return {cursors, entries}
`;
