/** The keys of Celery's redis backend, and what is done to them in one step (celery/backends/redis.py). */

export const TASK_KEY = 'celery-task-meta-';
export const GROUP_KEY = 'celery-taskset-meta-';

/**
 * Stores a state unless the task has ended, and tells the channel of the key. Celery writes `status` first; what is
 * written in another order is read whole. Answers with what is there, and stores nothing, when that is no JSON and not
 * what may be replaced.
 *
 * KEYS: the task's key. ARGV: the value, seconds until it expires or 0, what may be replaced.
 */
export const STORE_RESULT = `
local ready = { SUCCESS = true, FAILURE = true, REVOKED = true }
local head = redis.call('GETRANGE', KEYS[1], 0, 63)
local status = string.match(head, '^{"status": *"([^"]*)"')
if not status and head ~= '' then
  local there = redis.call('GET', KEYS[1])
  local isJson, meta = pcall(cjson.decode, there)
  if isJson and type(meta) == 'table' then
    status = meta.status
  elseif there ~= ARGV[3] then
    return there
  end
end
if status and ready[status] then return 0 end
if tonumber(ARGV[2]) > 0 then
  redis.call('SETEX', KEYS[1], ARGV[2], ARGV[1])
else
  redis.call('SET', KEYS[1], ARGV[1])
end
redis.call('PUBLISH', KEYS[1], ARGV[1])
return 1
`;

/** Answers how many bytes the parts of a chord have together. KEYS: the chord's parts. */
export const CHORD_SIZE = `
local size = 0
for _, part in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do size = size + #part end
return size
`;

/**
 * Notes the result of a chord's part once, also when it comes again, and claims the chord for the one who completes
 * it. Answers 0 if that is not this call, 1 if it is, 2 if somebody may have sent the body before, and 3 while another
 * one holds the claim: whether it will send the body is to be seen.
 *
 * KEYS: parts (.j), difference (.t), size (.s), counted (.d), claim (.c), saved header. ARGV: task id, index or
 * +inf, the part, seconds until all expires or 0, seconds of the claim, its token.
 */
export const ADD_CHORD_PART = `
local parts, difference, size, counted, claim, header = unpack(KEYS)
local holder = redis.call('GET', claim)
if holder == 'done' then return 0 end
local isNew = redis.call('SADD', counted, ARGV[1] .. ':' .. ARGV[2]) == 1
if isNew then redis.call('ZADD', parts, ARGV[2], ARGV[3]) end
if tonumber(ARGV[4]) > 0 then
  for _, key in ipairs({ parts, difference, size, counted, header }) do redis.call('EXPIRE', key, ARGV[4]) end
end
local expected = redis.call('GET', size)
if not expected then return 0 end
local wanted = tonumber(expected) + tonumber(redis.call('GET', difference) or 0)
if redis.call('ZCARD', parts) ~= wanted then return 0 end
if holder and holder ~= ARGV[6] then return 3 end
redis.call('SET', claim, ARGV[6], 'EX', ARGV[5])
return isNew and 1 or 2
`;

/**
 * Prolongs a claim that is still held, or takes it again while the chord is there. Answers 1 if it is held then.
 *
 * KEYS: claim (.c), size (.s). ARGV: the token, seconds.
 */
export const EXTEND_CHORD_CLAIM = `
local holder = redis.call('GET', KEYS[1])
if holder == ARGV[1] then return redis.call('EXPIRE', KEYS[1], ARGV[2]) end
if holder or redis.call('EXISTS', KEYS[2]) == 0 then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[2])
return 1
`;

/**
 * Removes a chord whose body is sent, and keeps a mark, so that a part that comes late does not begin it anew.
 *
 * KEYS: claim (.c), then what is removed. ARGV: the token, seconds of the mark.
 */
export const END_CHORD = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
for index = 2, #KEYS do redis.call('DEL', KEYS[index]) end
redis.call('SET', KEYS[1], 'done', 'EX', ARGV[2])
return 1
`;
