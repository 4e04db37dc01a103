/** An answer in JSON. */
export function json(text: string, code = 200, headers: Record<string, string> = {}): Response {
  return new Response(text, { status: code, headers: { 'content-type': 'application/json', ...headers } });
}

/** An answer in plain text. */
export function plain(text: string, code = 200): Response {
  return new Response(text, { status: code, headers: { 'content-type': 'text/plain; charset=utf-8' } });
}
