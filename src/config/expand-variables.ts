import type { Environment } from './environment.ts';

/** What became of a text from the file: its value, that it counts as not given, or what is wrong with it. */
export type Expansion = { value: string } | { missing: string } | { problem: string };

/**
 * Puts the environment's values in the place of `${NAME}`; what they hold is not expanded again.
 * A text that is nothing but a variable that is not set (or empty) counts as not given. Inside a longer text that is a
 * fault: half a URL or half a password would be used without a word.
 */
export function expandVariables(text: string, env: Environment): Expansion {
  const whole = /^\$\{([A-Za-z_][A-Za-z0-9_]*)\}$/.exec(text)?.[1];
  if (whole !== undefined && !env[whole]) return { missing: whole };
  let problem: string | undefined;
  const value = text.replaceAll(/\$\{([^}]*)\}?/g, (found, name: string) => {
    if (!found.endsWith('}') || !/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) {
      problem ??= 'holds a ${ that is not followed by the name of a variable and }';
      return found;
    }
    const replacement = env[name];
    if (!replacement) problem ??= `needs the variable ${name}, which is not set`;
    return replacement ?? '';
  });
  return problem === undefined ? { value } : { problem };
}
