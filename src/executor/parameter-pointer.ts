import type { ExecuteRequest } from './request.ts';

/** The JSON pointer of a parameter as it was sent, whichever spelling that was. */
export function parameterPointer(
  { parametersPointer, parameterSpellings }: Pick<ExecuteRequest, 'parametersPointer' | 'parameterSpellings'>,
  name: string,
): string {
  return `${parametersPointer}/${pointerKey(parameterSpellings?.get(name) ?? name)}`;
}

/** A JSON pointer's (RFC 6901) escaping of one key. */
export function pointerKey(key: string): string {
  return key.replaceAll('~', '~0').replaceAll('/', '~1');
}
