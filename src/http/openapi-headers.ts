import type { JsonObject } from '../json.ts';

/** For `components.parameters`: the headers that requests may have. */
export const requestHeaders: JsonObject = {
  'Idempotency-Key': {
    ...inHeader(
      'Idempotency-Key',
      'The same key and body have the same answer; the same key with another body is refused',
    ),
    schema: { type: 'string', minLength: 1, maxLength: 255 },
  },
  Prefer: {
    ...inHeader(
      'Prefer',
      '`respond-async`: put it into the queue and answer 202 at once; `wait=N`: the same, but answer with the end if that comes within N seconds (RFC 7240)',
    ),
    schema: { type: 'string' },
    example: 'respond-async, wait=10',
  },
  'If-Match': {
    name: 'If-Match',
    in: 'header',
    required: true,
    description: 'The plan_hash of the approval, in quotes: what was looked at is what is decided',
    schema: { type: 'string' },
    example: '"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"',
  },
  traceparent: {
    ...inHeader('traceparent', 'The trace that the request belongs to (W3C Trace Context)'),
    schema: { type: 'string' },
    example: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
  },
  'X-Request-ID': {
    ...inHeader('X-Request-ID', 'Answered back'),
    schema: { type: 'string', pattern: '^[\\w.:/+=-]{1,200}$' },
  },
};

/** For `components.headers`: the headers that answers may have. */
export const answerHeaders: JsonObject = {
  Location: { description: 'Where to ask how the run goes on', schema: { type: 'string', format: 'uri-reference' } },
  'Retry-After': { description: 'Seconds until it is worth asking again', schema: { type: 'integer', minimum: 1 } },
  'Preference-Applied': {
    description: 'What of `Prefer` was heeded',
    schema: { type: 'string' },
  },
  'Idempotent-Replayed': {
    description: '`true` where this is the answer to an earlier request with the same key',
    schema: { type: 'string', enum: ['true'] },
  },
  ETag: { description: 'The plan_hash, in quotes', schema: { type: 'string' } },
  Link: { description: 'The next page, as `<...>; rel="next"`; absent on the last', schema: { type: 'string' } },
  Vary: { description: '`accept`: what is given depends on it', schema: { type: 'string' } },
  'Content-Disposition': { description: 'Of an export: the name of its file', schema: { type: 'string' } },
  'Cache-Control': { description: '`no-store`, of an export and a session', schema: { type: 'string' } },
  'Set-Cookie': {
    description: 'The cookie of the session, which no script can read',
    schema: { type: 'string' },
  },
  'WWW-Authenticate': { description: 'How to say who is calling', schema: { type: 'string', enum: ['Bearer'] } },
  'X-Request-ID': { description: 'As it was sent', schema: { type: 'string' } },
};

function inHeader(name: string, description: string): JsonObject {
  return { name, in: 'header', required: false, description };
}
