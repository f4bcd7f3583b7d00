/**
 * The steps of the replicas in the server, in Lua, each atomic. docs/replicas.md has the protocol.
 *
 * - A message belongs to the replica in whose name `owners` has it: a set in the order of its members `REPLICA ID`.
 *   Every write of a replica names itself, and is refused as `stale` if the message is somebody else's.
 * - A replica is alive until its score in `leases`. What belongs to one that is not can be adopted, so whatever gives a
 *   replica a message, or lets it begin an attempt, renews its lease as well.
 * - The clock is the server's. `allow-oom` is for what frees memory in the end; a step that grows it writes first.
 */
import { makeScript } from '../../net/redis/client.ts';

const NOW = `local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
`;
const FREEING = '#!lua flags=allow-oom\n';

/**
 * KEYS messages owners leases receipt key; ARGV id message replica lease max, and for a key: time to live, fingerprint.
 * The same id once more is no second message, also after its end: a reply may have got lost, or a command be late.
 */
export const ACCEPT = makeScript(`${NOW}local used = ARGV[7] and redis.call('GET', KEYS[5])
if used and string.sub(used, 1, #ARGV[1] + 1) ~= ARGV[1] .. ' ' then return {'used', used} end
if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 1 or redis.call('EXISTS', KEYS[4]) == 1 then return {'saved'} end
if redis.call('HLEN', KEYS[1]) >= tonumber(ARGV[5]) then return {'full'} end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
redis.call('ZADD', KEYS[2], 0, ARGV[3] .. ' ' .. ARGV[1])
redis.call('ZADD', KEYS[3], now + ARGV[4], ARGV[3])
if ARGV[7] then redis.call('SET', KEYS[5], ARGV[1] .. ' ' .. ARGV[7], 'PX', ARGV[6]) end
return {'saved'}
`);

/**
 * KEYS messages states owners receipt; ARGV id state replica step. A state that comes late replaces no later one. `gone`:
 * the server has lost the message.
 */
export const SAVE = makeScript(`${FREEING}if redis.call('ZSCORE', KEYS[3], ARGV[3] .. ' ' .. ARGV[1]) then
  local step = string.match(redis.call('HGET', KEYS[2], ARGV[1]) or '', '^{"step":(%d+)')
  if not step or tonumber(step) <= tonumber(ARGV[4]) then redis.call('HSET', KEYS[2], ARGV[1], ARGV[2]) end
  return 'saved'
end
if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 1 or redis.call('EXISTS', KEYS[4]) == 1 then return 'stale' end
return 'gone'
`);

/**
 * KEYS messages states owners receipt notes dead deadTimes key; ARGV id replica receipt, time to live, dead (or empty),
 * max dead, key's value (or empty), its time to live, 1 if what is not there has ended, fields of notes. Returns the
 * state and how many dead letters were removed because there were too many.
 */
export const FINISH =
  makeScript(`${FREEING}${NOW}local mine = redis.call('ZREM', KEYS[3], ARGV[2] .. ' ' .. ARGV[1])
if mine == 0 then
  local receipt = redis.call('GET', KEYS[4])
  if receipt and string.sub(receipt, 1, #ARGV[2] + 1) == ARGV[2] .. ' ' then return {'finished', 0} end
  if receipt or ARGV[9] == '1' or redis.call('HEXISTS', KEYS[1], ARGV[1]) == 1 then return {'stale', 0} end
end
redis.call('HDEL', KEYS[1], ARGV[1])
redis.call('HDEL', KEYS[2], ARGV[1])
for i = 10, #ARGV do redis.call('HDEL', KEYS[5], ARGV[i]) end
redis.call('SET', KEYS[4], ARGV[2] .. ' ' .. ARGV[3], 'PX', ARGV[4])
local used = ARGV[7] ~= '' and redis.call('GET', KEYS[8])
if ARGV[7] ~= '' and (not used or used == ARGV[7]) then redis.call('SET', KEYS[8], ARGV[7], 'PX', ARGV[8]) end
if ARGV[5] == '' then return {'finished', 0} end
redis.call('HSET', KEYS[6], ARGV[1], ARGV[5])
redis.call('ZADD', KEYS[7], now, ARGV[1])
local excess = math.min(100, redis.call('ZCARD', KEYS[7]) - tonumber(ARGV[6]))
if excess <= 0 then return {'finished', 0} end
for _, id in ipairs(redis.call('ZRANGE', KEYS[7], 0, excess - 1)) do
  redis.call('HDEL', KEYS[6], id)
  redis.call('ZREM', KEYS[7], id)
end
return {'finished', excess}
`);

/** KEYS messages states owners notes key; ARGV id replica, key's value (or empty), fields of notes. */
export const DISCARD =
  makeScript(`${FREEING}if redis.call('ZREM', KEYS[3], ARGV[2] .. ' ' .. ARGV[1]) == 0 then return 0 end
redis.call('HDEL', KEYS[1], ARGV[1])
redis.call('HDEL', KEYS[2], ARGV[1])
for i = 4, #ARGV do redis.call('HDEL', KEYS[4], ARGV[i]) end
if ARGV[3] ~= '' and redis.call('GET', KEYS[5]) == ARGV[3] then redis.call('DEL', KEYS[5]) end
return 1
`);

/**
 * KEYS owners notes hold messages leases receipt, and a window for each rate; ARGV id replica lease field note calls mark, and for
 * each rate: calls, its length in ms. A window is the latest calls in the order of their time. Returns 0, how long to wait
 * in ms, -1 if the message is somebody else's, or -2 if the server has lost it.
 */
export const BEGIN =
  makeScript(`${FREEING}${NOW}if not redis.call('ZSCORE', KEYS[1], ARGV[2] .. ' ' .. ARGV[1]) then
  return (redis.call('HEXISTS', KEYS[4], ARGV[1]) == 1 or redis.call('EXISTS', KEYS[6]) == 1) and -1 or -2
end
redis.call('ZADD', KEYS[5], now + ARGV[3], ARGV[2])
local wait = math.max(0, redis.call('PTTL', KEYS[3]))
local calls = tonumber(ARGV[6])
local function rate(i) return tonumber(ARGV[2 * i - 6]), tonumber(ARGV[2 * i - 5]) end
for i = 7, #KEYS do
  local most, length = rate(i)
  redis.call('ZREMRANGEBYSCORE', KEYS[i], '-inf', now - length)
  local over = redis.call('ZCARD', KEYS[i]) + math.min(calls, most) - most
  if over > 0 then
    local last = redis.call('ZRANGE', KEYS[i], over - 1, over - 1, 'WITHSCORES')
    wait = math.max(wait, last[2] + length - now)
  end
end
if wait > 0 then return wait end
for i = 7, #KEYS do
  local most, length = rate(i)
  for call = 1, math.min(calls, most) do redis.call('ZADD', KEYS[i], now, ARGV[7] .. ' ' .. call) end
  redis.call('PEXPIRE', KEYS[i], length)
end
redis.call('HSET', KEYS[2], ARGV[4], ARGV[5])
return 0
`);

/** KEYS owners notes messages receipt; ARGV id replica field note. Returns 0 if the message is somebody else's. */
export const NOTE = makeScript(`${FREEING}if not redis.call('ZSCORE', KEYS[1], ARGV[2] .. ' ' .. ARGV[1])
  and (redis.call('HEXISTS', KEYS[3], ARGV[1]) == 1 or redis.call('EXISTS', KEYS[4]) == 1) then return 0 end
redis.call('HSET', KEYS[2], ARGV[3], ARGV[4])
return 1
`);

/**
 * KEYS leases deadTimes; ARGV replica, lease in ms. Returns how many replicas are not alive, how many dead letters there
 * are, and the time.
 */
export const RENEW = makeScript(`${FREEING}${NOW}redis.call('ZADD', KEYS[1], now + ARGV[2], ARGV[1])
return {redis.call('ZCOUNT', KEYS[1], '-inf', '(' .. now), redis.call('ZCARD', KEYS[2]), now}
`);

/** KEYS leases owners messages states; ARGV replica max lease. Returns ids, messages and states in turn. */
export const ADOPT = makeScript(`${FREEING}${NOW}redis.call('ZADD', KEYS[1], now + ARGV[3], ARGV[1])
local out = {}
local left = tonumber(ARGV[2])
for _, owner in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', '(' .. now, 'LIMIT', 0, 16)) do
  if owner ~= ARGV[1] then
    local members = redis.call('ZRANGEBYLEX', KEYS[2], '[' .. owner .. ' ', '(' .. owner .. '!', 'LIMIT', 0, left)
    for _, member in ipairs(members) do
      local id = string.sub(member, #owner + 2)
      local message = redis.call('HGET', KEYS[3], id)
      redis.call('ZREM', KEYS[2], member)
      if message then
        redis.call('ZADD', KEYS[2], 0, ARGV[1] .. ' ' .. id)
        out[#out + 1] = id
        out[#out + 1] = message
        out[#out + 1] = redis.call('HGET', KEYS[4], id) or ''
      end
    end
    left = left - #members
    if left > 0 then redis.call('ZREM', KEYS[1], owner) end
  end
  if left <= 0 then break end
end
return out
`);

/** KEYS owners; ARGV replica. Returns the ids of its messages. */
export const OWN = makeScript(`#!lua flags=no-writes
local ids = {}
for _, member in ipairs(redis.call('ZRANGEBYLEX', KEYS[1], '[' .. ARGV[1] .. ' ', '(' .. ARGV[1] .. '!')) do
  ids[#ids + 1] = string.sub(member, #ARGV[1] + 2)
end
return ids
`);

/** KEYS messages states; ARGV ids. Returns ids, messages and states in turn. */
export const READ = makeScript(`#!lua flags=no-writes
local out = {}
for _, id in ipairs(ARGV) do
  out[#out + 1] = id
  out[#out + 1] = redis.call('HGET', KEYS[1], id) or ''
  out[#out + 1] = redis.call('HGET', KEYS[2], id) or ''
end
return out
`);

/** KEYS leases owners; ARGV replica channel. What it has left can be adopted at once. */
export const LEAVE =
  makeScript(`${FREEING}local left = redis.call('ZLEXCOUNT', KEYS[2], '[' .. ARGV[1] .. ' ', '(' .. ARGV[1] .. '!')
redis.call('ZREM', KEYS[1], ARGV[1])
if left > 0 then
  redis.call('ZADD', KEYS[1], 0, ARGV[1])
  redis.call('PUBLISH', ARGV[2], 'orphans')
end
return left
`);

/** KEYS messages states receipt dead; ARGV id. Returns message, state, receipt (behind its replica), dead letter. */
export const LOOK = makeScript(`#!lua flags=no-writes
return {redis.call('HGET', KEYS[1], ARGV[1]) or '', redis.call('HGET', KEYS[2], ARGV[1]) or '',
  redis.call('GET', KEYS[3]) or '', redis.call('HGET', KEYS[4], ARGV[1]) or ''}
`);

/**
 * KEYS dead deadTimes messages owners leases; ARGV id, dead letter as it was read, message, channel. The requeued message
 * belongs to nobody who is alive.
 */
export const REQUEUE = makeScript(`if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then return 0 end
redis.call('HSET', KEYS[3], ARGV[1], ARGV[3])
redis.call('ZADD', KEYS[4], 0, 'operator ' .. ARGV[1])
redis.call('ZADD', KEYS[5], 0, 'operator')
redis.call('HDEL', KEYS[1], ARGV[1])
redis.call('ZREM', KEYS[2], ARGV[1])
redis.call('PUBLISH', ARGV[4], 'orphans')
return 1
`);

/** KEYS dead deadTimes; ARGV ids. Returns how many were removed. */
export const PURGE = makeScript(`${FREEING}local n = 0
for _, id in ipairs(ARGV) do
  n = n + redis.call('HDEL', KEYS[1], id)
  redis.call('ZREM', KEYS[2], id)
end
return n
`);

/** KEYS hold; ARGV ms. Never shorter than it is. */
export const HOLD = makeScript(`${FREEING}local ms = math.max(tonumber(ARGV[1]), redis.call('PTTL', KEYS[1]))
redis.call('SET', KEYS[1], '1', 'PX', ms)
return ms
`);

/** KEYS notes; ARGV fields. Returns the notes that there are. */
export const NOTES = makeScript(`#!lua flags=no-writes
local out = {}
for _, field in ipairs(ARGV) do
  local note = redis.call('HGET', KEYS[1], field)
  if note then out[#out + 1] = note end
end
return out
`);

/**
 * KEYS bucket; ARGV burst, ms for each request. A bucket as the time until which its requests are paid for (GCRA).
 * Returns how long to wait in ms, or 0.
 */
export const TAKE = makeScript(`${NOW}local burst, interval = tonumber(ARGV[1]), tonumber(ARGV[2])
local paid = math.max(now, tonumber(redis.call('GET', KEYS[1]) or '0'))
local wait = paid - now - (burst - 1) * interval
if wait > 0 then return math.ceil(wait) end
paid = paid + interval
redis.call('SET', KEYS[1], string.format('%.3f', paid), 'PX', math.ceil(paid - now))
return 0
`);

/**
 * KEYS token lock; ARGV replica, life of the lock in ms. Returns the token and its rest of life; or an empty text and 0 if
 * this replica is to get one, or how long to wait in ms for the one that does.
 */
export const TOKEN_GET = makeScript(`${FREEING}local token = redis.call('GET', KEYS[1])
if token then return {token, redis.call('PTTL', KEYS[1])} end
if redis.call('SET', KEYS[2], ARGV[1], 'NX', 'PX', ARGV[2]) then return {'', 0} end
return {'', redis.call('PTTL', KEYS[2])}
`);

/** KEYS token lock; ARGV replica, token (or empty, if there is none), its life in ms. */
export const TOKEN_PUT =
  makeScript(`${FREEING}if ARGV[2] ~= '' then redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3]) end
if redis.call('GET', KEYS[2]) == ARGV[1] then redis.call('DEL', KEYS[2]) end
return 1
`);

/** KEYS token; ARGV the token that was refused. */
export const TOKEN_DROP =
  makeScript(`if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end
return 1
`);

/** KEYS any; ARGV the channel of the replicas, commands. Returns those that the user may not run. */
export const RIGHTS = makeScript(`#!lua flags=no-writes
local missing = {}
for i = 2, #ARGV do
  local operand = ARGV[i] == 'PUBLISH' and ARGV[1] or KEYS[1]
  local command = ARGV[i] == 'TIME' and {'TIME'} or {ARGV[i], operand, operand, operand}
  if not redis.acl_check_cmd(unpack(command)) then
    missing[#missing + 1] = ARGV[i]
  end
end
return missing
`);

/** The commands of all scripts. A script that stops at one that is not allowed leaves what it has written. */
export const COMMANDS: readonly string[] = [
  ...new Set(
    [ACCEPT, SAVE, FINISH, DISCARD, BEGIN, NOTE, RENEW, ADOPT, OWN, READ, LEAVE, LOOK, REQUEUE, PURGE]
      .concat([HOLD, NOTES, TAKE, TOKEN_GET, TOKEN_PUT, TOKEN_DROP])
      .flatMap(({ text }) => [...text.matchAll(/redis\.call\('([A-Z]+)'/g)].map(([, name = '']) => name)),
  ),
];
