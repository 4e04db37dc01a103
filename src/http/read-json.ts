import { Refusal } from '../actions/refusal.ts';

const mostBytes = 1024 * 1024;

/** The request's body, parsed. 415 for another type, 413 over 1 MiB, 400 for broken JSON. */
export async function readJson(request: Request): Promise<unknown> {
  const type = request.headers.get('content-type')?.split(';')[0]?.trim().toLowerCase() ?? '';
  if (type !== 'application/json' && !type.endsWith('+json')) {
    throw wrongType(type);
  }
  const text = await readText(request);
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Refusal('malformed_json', `The body is not JSON: ${error instanceof Error ? error.message : ''}`, { cause: error });
  }
}

/** The same where a body may be left out: then `undefined`. */
export async function readOptionalJson(request: Request): Promise<unknown> {
  if (request.headers.has('content-type')) return await readJson(request);
  if ((await readText(request)) === '') return undefined;
  throw wrongType('');
}

/** A length that the header announces is refused before a byte is read; one that it hides, as soon as it is passed. */
async function readText(request: Request): Promise<string> {
  if (Number(request.headers.get('content-length') ?? 0) > mostBytes) throw tooLarge();
  if (!request.body) return '';
  if (request.headers.has('content-length')) return await request.text();
  const decoder = new TextDecoder();
  let text = '';
  let bytes = 0;
  for await (const chunk of request.body) {
    bytes += chunk.byteLength;
    if (bytes > mostBytes) throw tooLarge();
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}

function wrongType(type: string): Refusal {
  return new Refusal('unsupported_media_type', `The body is ${type || 'of no type'}, not application/json`, {
    hint: 'Send Content-Type: application/json',
  });
}

function tooLarge(): Refusal {
  return new Refusal('payload_too_large', 'The body is larger than 1 MiB', { hint: 'A request to execute needs a few kilobytes at most' });
}
