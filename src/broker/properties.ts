import type { MessageProperties } from '../contract/transport.ts';

type Settable<Type> = { -readonly [Name in keyof Type]: Type[Name] };
type OrUndefined<Type> = { readonly [Name in keyof Type]: Type[Name] | undefined };

/** A copy of the properties that are set. One by one: spreads of what comes in many shapes cost several µs. */
export function copyProperties(properties: OrUndefined<MessageProperties>): Settable<MessageProperties> {
  const { contentType, contentEncoding, headers, deliveryMode, priority, correlationId } = properties;
  const { replyTo, expiration, messageId, timestamp, type, appId } = properties;
  const copy: Settable<MessageProperties> = {};
  if (contentType !== undefined) copy.contentType = contentType;
  if (contentEncoding !== undefined) copy.contentEncoding = contentEncoding;
  if (headers !== undefined) copy.headers = headers;
  if (deliveryMode !== undefined) copy.deliveryMode = deliveryMode;
  if (priority !== undefined) copy.priority = priority;
  if (correlationId !== undefined) copy.correlationId = correlationId;
  if (replyTo !== undefined) copy.replyTo = replyTo;
  if (expiration !== undefined) copy.expiration = expiration;
  if (messageId !== undefined) copy.messageId = messageId;
  if (timestamp !== undefined) copy.timestamp = timestamp;
  if (type !== undefined) copy.type = type;
  if (appId !== undefined) copy.appId = appId;
  return copy;
}
