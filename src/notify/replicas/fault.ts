/** What the server could not do, in the words of a store. */
import { RedisUnavailable } from '../../net/redis/connection.ts';
import { RedisError } from '../../net/redis/resp.ts';
import { StoreError } from '../queue/store.ts';

/** Throws a {@link StoreError} for what the server or the way to it is to blame for; anything else as it is. */
export function throwFault(error: unknown): never {
  if (!(error instanceof RedisUnavailable || error instanceof RedisError)) throw error;
  throw new StoreError(`the spool cannot be used: ${error.message}`, error);
}
