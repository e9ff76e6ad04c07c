/**
 * Renews the leases of a receiver, gives back those that it names, and takes free ones up to its share of the partitions.
 * KEYS: the receivers of the consumer; the owner of each partition. ARGV: the receiver, milliseconds of a lease, the channel,
 * the consumer; for each partition \`keep\`, \`release\`, or '' when the receiver has it not. Returns the share, and the
 * partitions that the receiver has.
 */
export const keepLeases = `
local receiver, lease = ARGV[1], tonumber(ARGV[2])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
for place = 2, #KEYS do
  if ARGV[place + 3] ~= '' and redis.call('GET', KEYS[place]) ~= receiver then
    return redis.error_reply('LEASELOST it has another owner')
  end
end

local changed = redis.call('ZADD', KEYS[1], now + lease, receiver) == 1
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - 1)
redis.call('PEXPIRE', KEYS[1], lease)
local result, free = {math.ceil((#KEYS - 1) / redis.call('ZCARD', KEYS[1]))}, {}
for place = 2, #KEYS do
  if ARGV[place + 3] == 'release' then
    redis.call('DEL', KEYS[place])
    changed = true
  elseif ARGV[place + 3] == 'keep' then
    redis.call('PEXPIRE', KEYS[place], lease)
    result[#result + 1] = place - 2
  elseif redis.call('EXISTS', KEYS[place]) == 0 then
    free[#free + 1] = place
  end
end
for _, place in ipairs(free) do
  if #result - 1 < result[1] then
    redis.call('SET', KEYS[place], receiver, 'PX', lease)
    result[#result + 1] = place - 2
  end
end
if changed then redis.call('PUBLISH', ARGV[3], ARGV[4]) end
return result
`;

/** Ends all leases of a receiver. KEYS: as above. ARGV: the receiver, the channel, the consumer. */
export const endLeases = `
for place = 2, #KEYS do
  if redis.call('GET', KEYS[place]) == ARGV[1] then redis.call('DEL', KEYS[place]) end
end
redis.call('ZREM', KEYS[1], ARGV[1])
redis.call('PUBLISH', ARGV[2], ARGV[3])
`;
