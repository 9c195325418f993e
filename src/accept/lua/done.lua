#!lua flags=allow-oom
-- Marks a claim done, if it is still this owner's; the log has the job. Runs when memory is full: refusing would not undo the job.
-- Safe to repeat: a claim that is done answers with what it keeps, whoever asks.
--   KEYS[1] claim        hash, as in claim.lua
--   KEYS[2] reply        string: the two lists of the 202, as JSON
--   ARGV[1] fingerprint  32 bytes
--   ARGV[2] owner
--   ARGV[3] job
--   ARGV[4] home
--   ARGV[5] reply        JSON; empty: nothing to keep
--   ARGV[6] reply ms     how long the reply is kept
--   ARGV[7] memory       ms the claim is remembered; 0: a key nobody can send again, forget it
-- Returns {"done", job, home, reply or ""} | {"busy"} another try holds the claim | {"mismatch"} another body holds it
local held = redis.call('HMGET', KEYS[1], 's', 'f', 'o', 'j', 'h')
local state = held[1]
if state and held[2] ~= ARGV[1] then return {'mismatch'} end
if state == 'd' then return {'done', held[4], held[5], redis.call('GET', KEYS[2]) or ''} end
if state == 'p' and held[3] ~= ARGV[2] then return {'busy'} end

redis.call('DEL', KEYS[1])
if ARGV[7] == '0' then return {'done', ARGV[3], ARGV[4], ARGV[5]} end
redis.call('HSET', KEYS[1], 's', 'd', 'f', ARGV[1], 'j', ARGV[3], 'h', ARGV[4])
redis.call('PEXPIRE', KEYS[1], ARGV[7])
if ARGV[5] ~= '' then redis.call('SET', KEYS[2], ARGV[5], 'PX', ARGV[6]) end
return {'done', ARGV[3], ARGV[4], ARGV[5]}
