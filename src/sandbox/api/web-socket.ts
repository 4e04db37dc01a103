import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';

const MAGIC = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
const BINARY = 2;
const CLOSE = 8;
const PING = 9;
const PONG = 10;
/** Nobody sends this much to a command of the sandbox. */
const INPUT_LIMIT = 1024 * 1024;

/** The server's end of a WebSocket (RFC 6455), as far as exec needs it: it sends, and of what comes it heeds close and ping. */
export interface WebSocketEnd {
  send(channel: number, content: string): void;
  close(): void;
}

export function acceptWebSocket(
  request: IncomingMessage,
  socket: Duplex,
  given: { protocol: string; head: Buffer; closed: () => void },
): WebSocketEnd {
  const key = request.headers['sec-websocket-key'] ?? '';
  const accept = createHash('sha1')
    .update(key + MAGIC)
    .digest('base64');
  const lines = [
    'HTTP/1.1 101 Switching Protocols',
    'Upgrade: websocket',
    'Connection: Upgrade',
    `Sec-WebSocket-Accept: ${accept}`,
    `Sec-WebSocket-Protocol: ${given.protocol}`,
  ];
  socket.write(`${lines.join('\r\n')}\r\n\r\n`);
  let waiting = given.head;
  const receive = (chunk: Buffer): void => {
    waiting = Buffer.concat([waiting, chunk]);
    if (waiting.length > INPUT_LIMIT) socket.destroy();
    for (let frame = firstFrame(waiting); frame; frame = firstFrame(waiting)) {
      waiting = waiting.subarray(frame.length);
      if (frame.opcode === PING) write(PONG, frame.payload);
      if (frame.opcode === CLOSE) {
        write(CLOSE, frame.payload);
        socket.end();
      }
    }
  };
  socket.on('data', receive);
  socket.on('error', () => socket.destroy());
  socket.on('close', given.closed);
  receive(Buffer.alloc(0));
  return {
    send: (channel, content) => write(BINARY, Buffer.concat([Buffer.from([channel]), Buffer.from(content)])),
    close: () => {
      write(CLOSE, Buffer.from([1000 >> 8, 1000 & 255]));
      socket.end();
    },
  };

  function write(opcode: number, payload: Buffer): void {
    if (socket.writable) socket.write(Buffer.concat([headerOf(opcode, payload.length), payload]));
  }
}

function headerOf(opcode: number, length: number): Buffer {
  const first = 0x80 | opcode;
  if (length < 126) return Buffer.from([first, length]);
  if (length < 65_536) return Buffer.from([first, 126, length >> 8, length & 255]);
  const header = Buffer.alloc(10);
  header[0] = first;
  header[1] = 127;
  header.writeBigUInt64BE(BigInt(length), 2);
  return header;
}

/** The first frame, unmasked; undefined while it is not all there. */
function firstFrame(bytes: Buffer): { opcode: number; payload: Buffer; length: number } | undefined {
  if (bytes.length < 2) return undefined;
  const short = bytes.readUInt8(1) & 127;
  const start = short === 127 ? 10 : short === 126 ? 4 : 2;
  if (bytes.length < start + 4) return undefined;
  const size = short === 127 ? Number(bytes.readBigUInt64BE(2)) : short === 126 ? bytes.readUInt16BE(2) : short;
  const length = start + 4 + size;
  if (bytes.length < length) return undefined;
  const mask = bytes.subarray(start, start + 4);
  const payload = Buffer.from(bytes.subarray(start + 4, length).map((byte, index) => byte ^ (mask[index % 4] ?? 0)));
  return { opcode: bytes.readUInt8(0) & 15, payload, length };
}
