/** The value as text, where it is one: UTF-8 without control characters but tabs and line ends. Else it is binary. */
export function textOf(value: Uint8Array): string | undefined {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(value);
    return control.test(text) ? undefined : text;
  } catch {
    return undefined;
  }
}

const control = /(?![\t\r\n])\p{Cc}/u;
