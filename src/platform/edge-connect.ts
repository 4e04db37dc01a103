import type { Connect } from '../kubernetes/socket.ts';
import type { Fetcher } from './edge-cluster-access.ts';
import { socketMessages, type WebSocketEvents } from './socket-messages.ts';

/** Opens WebSockets as an edge runtime does: a fetch that asks for the upgrade, and the socket beside the answer. */
export function edgeConnect(fetcher: Fetcher): Connect {
  return async (url, { headers, protocols, signal }) => {
    const upgrade = { upgrade: 'websocket', 'sec-websocket-protocol': protocols.join(', ') };
    const response = await fetcher.fetch(url, { headers: { ...headers, ...upgrade }, signal, redirect: 'manual' });
    const webSocket = webSocketOf(response);
    const { status, body } = response;
    const answer = { status, headers: response.headers, body, text: () => response.text() };
    if (!webSocket) return answer;
    webSocket.binaryType = 'arraybuffer';
    const messages = socketMessages(webSocket);
    webSocket.accept();
    return { ...answer, socket: { protocol: response.headers.get('sec-websocket-protocol') ?? '', messages } };
  };
}

interface EdgeWebSocket extends WebSocketEvents {
  binaryType: string;
  /** Begins to hand out what has come. */
  accept(): void;
}

function webSocketOf(response: object): EdgeWebSocket | undefined {
  return 'webSocket' in response && response.webSocket ? asWebSocket(response.webSocket) : undefined;
}

/** The runtime's own field, which the web's declarations don't have. */
function asWebSocket(webSocket: unknown): EdgeWebSocket {
  return webSocket as EdgeWebSocket;
}
