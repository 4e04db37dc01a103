/** The part of a fetch's response that is used here, so that any runtime's fetch will do. */
export interface FetchResponse {
  readonly status: number;
  readonly headers: { get(name: string): string | null };
  readonly body: ReadableStream<Uint8Array> | null;
  text(): Promise<string>;
}

/** The body was longer than was allowed; the rest was not read. */
export class BodyTooLargeError extends Error {
  constructor(largestBytes: number) {
    super(`the answer is larger than ${largestBytes} bytes`);
    this.name = 'BodyTooLargeError';
  }
}

/** The whole body as text, of at most that many bytes; else throws BodyTooLargeError and lets the connection go. */
export async function readBody(response: FetchResponse, largestBytes: number): Promise<string> {
  const length = response.headers.get('content-length');
  if (length !== null && Number(length) > largestBytes) {
    await response.body?.cancel();
    throw new BodyTooLargeError(largestBytes);
  }
  // The length is that of the compressed body, where it is compressed; then only counting helps.
  if (length !== null && response.headers.get('content-encoding') === null) return response.text();
  return response.body === null ? '' : readCounting(response.body, largestBytes);
}

async function readCounting(body: ReadableStream<Uint8Array>, largestBytes: number): Promise<string> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let bytes = 0;
  let text = '';
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return text + decoder.decode();
    bytes += value.byteLength;
    if (bytes > largestBytes) {
      await reader.cancel();
      throw new BodyTooLargeError(largestBytes);
    }
    text += decoder.decode(value, { stream: true });
  }
}
