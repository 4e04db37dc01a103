import { Refusal } from '../actions/refusal.ts';

const mostBytes = 1024 * 1024;

/** The request's body, parsed. 415 for another type, 413 over 1 MiB, 400 for broken JSON. */
export async function readJson(request: Request): Promise<unknown> {
  const type = typeOf(request);
  if (!isJson(type)) throw wrongType(type);
  return parsed(await readText(request));
}

/** The same where a body may be left out: then `undefined`. What is empty has no type that matters. */
export async function readOptionalJson(request: Request): Promise<unknown> {
  const text = await readText(request);
  if (text === '') return undefined;
  const type = typeOf(request);
  if (!isJson(type)) throw wrongType(type);
  return parsed(text);
}

function typeOf(request: Request): string {
  return request.headers.get('content-type')?.split(';')[0]?.trim().toLowerCase() ?? '';
}

function isJson(type: string): boolean {
  return type === 'application/json' || type.endsWith('+json');
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw malformed(error);
  }
}

/** A length that the header announces is refused before a byte is read; one that it hides, as soon as it is passed. */
async function readText(request: Request): Promise<string> {
  const announced = request.headers.get('content-length');
  if (announced === null) return await readCounting(request);
  if (Number(announced) > mostBytes) throw tooLarge();
  // No more than was announced comes; in one piece it is read without a stream.
  const bytes = await request.arrayBuffer().catch((error: unknown) => {
    throw malformed(error);
  });
  if (bytes.byteLength > mostBytes) throw tooLarge();
  return decoded([new Uint8Array(bytes)]);
}

async function readCounting(request: Request): Promise<string> {
  if (!request.body) return '';
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  try {
    for await (const chunk of request.body) {
      bytes += chunk.byteLength;
      if (bytes > mostBytes) throw tooLarge();
      chunks.push(chunk);
    }
  } catch (error) {
    // The caller went away, or its chunks are none: no fault of this service.
    throw error instanceof Refusal ? error : malformed(error);
  }
  return decoded(chunks);
}

/** What is no UTF-8 must not become other letters on the way. */
function decoded(chunks: readonly Uint8Array[]): string {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  try {
    return chunks.map((chunk) => decoder.decode(chunk, { stream: true })).join('') + decoder.decode();
  } catch (error) {
    throw malformed(error);
  }
}

function malformed(error: unknown): Refusal {
  return new Refusal(
    'malformed_json',
    `The body is not JSON: ${error instanceof Error ? unquoted(error.message) : ''}`,
    {
      cause: error,
    },
  );
}

/** Without the piece of the body that the parser quotes: it may be of a token or a password. */
function unquoted(message: string): string {
  return message.replace(/, (\.\.\.)?"[\s\S]*"(\.\.\.)? is not valid JSON$/, ' is not expected there');
}

function wrongType(type: string): Refusal {
  return new Refusal('unsupported_media_type', `The body is ${type || 'of no type'}, not application/json`);
}

function tooLarge(): Refusal {
  return new Refusal('payload_too_large', 'The body is larger than 1 MiB');
}
