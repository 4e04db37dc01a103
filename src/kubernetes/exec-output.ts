import type { ExecOutput } from './cluster.ts';

/** Keeps the first so many bytes of a stream and counts all of them. */
export function boundedOutput(limitBytes: number): { add(chunk: Uint8Array): void; output(): ExecOutput } {
  const kept: Uint8Array[] = [];
  let bytes = 0;
  return {
    add(chunk) {
      const room = limitBytes - bytes;
      bytes += chunk.byteLength;
      if (room > 0) kept.push(chunk.byteLength > room ? chunk.slice(0, room) : chunk);
    },
    output() {
      const decoder = new TextDecoder();
      let text = '';
      for (const chunk of kept) text += decoder.decode(chunk, { stream: true });
      const truncated = bytes > limitBytes;
      // A character that the bound has cut in two is left out.
      return { text: truncated ? text : text + decoder.decode(), bytes, truncated };
    },
  };
}
