/** The part of a WebSocket that undici's and the edge's have in common. */
export interface WebSocketEvents {
  addEventListener(type: 'message', listener: (event: { data: unknown }) => void): void;
  addEventListener(type: 'close', listener: (event: { wasClean: boolean; code: number; reason: string }) => void): void;
  close(): void;
}

/** A server that is well answers a close at once. */
const closingMs = 1_000;

/**
 * The messages of an open WebSocket whose `binaryType` is `arraybuffer`. Listens from now on, so that none is missed.
 * `destroy` ends the connection of a server that does not answer the close.
 */
export function socketMessages(webSocket: WebSocketEvents, destroy = () => {}): ReadableStream<Uint8Array> {
  let open = true;
  let closing: ReturnType<typeof setTimeout> | undefined;
  return new ReadableStream<Uint8Array>({
    start(controller) {
      webSocket.addEventListener('message', ({ data }) => {
        if (open) controller.enqueue(bytesOf(data));
      });
      webSocket.addEventListener('close', ({ wasClean, code, reason }) => {
        clearTimeout(closing);
        if (!open) return;
        open = false;
        if (wasClean) controller.close();
        else controller.error(new Error(`the WebSocket was cut off (${code}${reason ? `, ${reason}` : ''})`));
      });
    },
    cancel() {
      open = false;
      webSocket.close();
      closing = setTimeout(destroy, closingMs);
    },
  });
}

function bytesOf(data: unknown): Uint8Array {
  return data instanceof ArrayBuffer ? new Uint8Array(data) : new TextEncoder().encode(String(data));
}
