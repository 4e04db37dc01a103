import type { FetchResponse } from './response-body.ts';

/** An open WebSocket: what came over it, message by message, until either side closes it. */
export interface Socket {
  /** The subprotocol that the server has chosen. */
  readonly protocol: string;
  /** Ends when the socket is closed in order, fails when the connection breaks. Cancelling it closes the socket. */
  readonly messages: ReadableStream<Uint8Array>;
}

/**
 * What is asked of a platform that opens WebSockets: the server's answer to the upgrade, and the socket where it is 101.
 * The signal ends the opening; an open socket is ended by cancelling its messages.
 */
export type Connect = (
  url: string,
  init: { headers: Record<string, string>; protocols: readonly string[]; signal: AbortSignal },
) => Promise<ConnectResponse>;

export type ConnectResponse = FetchResponse & { readonly socket?: Socket };
