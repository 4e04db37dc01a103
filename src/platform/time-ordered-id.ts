/** A version 7 UUID: it sorts by time, so that the history's index grows at its end. */
export function timeOrderedId(): string {
  const time = Date.now().toString(16).padStart(12, '0');
  const random = crypto.randomUUID();
  return `${time.slice(0, 8)}-${time.slice(8)}-7${random.slice(15)}`;
}
