import type { Duplex } from 'node:stream';
import { type Dispatcher, WebSocket } from 'undici';
import type { FetchResponse } from '../kubernetes/response-body.ts';
import type { Connect, ConnectResponse } from '../kubernetes/socket.ts';
import { socketMessages } from './socket-messages.ts';

/** Opens WebSockets over the pool of connections: the same certificates, proxy and limits as every other request. */
export function pooledConnect(dispatcher: () => Dispatcher): Connect {
  return (url, { headers, protocols, signal }) =>
    new Promise<ConnectResponse>((resolve, reject) => {
      signal.throwIfAborted();
      let connection: Duplex | undefined;
      const onUpgrade = (socket: Duplex) => (connection = socket);
      const through = dispatcher().compose(watched({ resolve, reject, onUpgrade }));
      const webSocket = new WebSocket(url.replace(/^http/, 'ws'), {
        protocols: [...protocols],
        headers,
        dispatcher: through,
      });
      webSocket.binaryType = 'arraybuffer';
      const abort = () => {
        webSocket.close();
        reject(new Error('aborted'));
      };
      signal.addEventListener('abort', abort, { once: true });
      webSocket.addEventListener('open', () => {
        signal.removeEventListener('abort', abort);
        const { protocol } = webSocket;
        const end = () => connection?.destroy();
        resolve({ ...answer(101, {}, ''), socket: { protocol, messages: socketMessages(webSocket, end) } });
      });
      webSocket.addEventListener('error', ({ error }) => {
        signal.removeEventListener('abort', abort);
        reject(error);
      });
    });
}

/** A Status is small; what is longer is a page that nobody reads. */
const largestAnswerBytes = 1024 * 1024;

/** A WebSocket tells nothing of an answer that is no upgrade, nor why there was none: both are taken on their way to it. */
function watched({ resolve, reject, onUpgrade }: Watcher): Dispatcher.DispatcherComposeInterceptor {
  return (dispatch) => (options, handler) => {
    const chunks: Buffer[] = [];
    let status = 0;
    let headers: Headers = {};
    let bytes = 0;
    return dispatch(options, {
      onRequestStart: (controller, context) => handler.onRequestStart?.(controller, context),
      onRequestUpgrade(controller, statusCode, given, socket) {
        onUpgrade(socket);
        handler.onRequestUpgrade?.(controller, statusCode, given, socket);
      },
      onResponseStart(_controller, statusCode, given) {
        status = statusCode;
        headers = given;
      },
      onResponseData(_controller, chunk) {
        bytes += chunk.byteLength;
        if (bytes <= largestAnswerBytes) chunks.push(chunk);
      },
      onResponseEnd(controller) {
        resolve(answer(status, headers, Buffer.concat(chunks).toString('utf8')));
        handler.onResponseError?.(controller, new Error(`answered ${status} instead of opening a WebSocket`));
      },
      onResponseError(controller, error) {
        reject(error);
        handler.onResponseError?.(controller, error);
      },
    });
  };
}

interface Watcher {
  resolve(response: ConnectResponse): void;
  reject(error: Error): void;
  onUpgrade(socket: Duplex): void;
}

type Headers = Record<string, string | string[] | undefined>;

function answer(status: number, headers: Headers, text: string): FetchResponse {
  return {
    status,
    headers: { get: (name) => [headers[name.toLowerCase()] ?? []].flat().join(', ') || null },
    body: new Response(text).body,
    text: async () => text,
  };
}
