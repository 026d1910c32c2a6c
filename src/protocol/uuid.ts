/** Ids that come out the same each time. */
import { createHash } from 'node:crypto';

/** Of the package's own; any constant will do. */
const NAMESPACE = Buffer.from('6f6d6567616d6c2d6e6f646500000005', 'hex');

/** The UUID of a name (version 5, RFC 9562). */
export function uuidOf(name: string): string {
  const hash = createHash('sha1').update(NAMESPACE).update(name).digest().subarray(0, 16);
  hash.writeUInt8((hash.readUInt8(6) & 0x0f) | 0x50, 6);
  hash.writeUInt8((hash.readUInt8(8) & 0x3f) | 0x80, 8);
  return hash.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}
