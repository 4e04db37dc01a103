import { badRequest } from '../api/status-error.ts';
import { labelValueFaults, qualifiedNameFaults } from '../validation/names.ts';
import type { Requirement } from './label-selector.ts';

/** Reads a `labelSelector` parameter: `a=b,c!=d,e in (f,g),h notin (i),j,!k,l>1,m<2`. Throws 400 as the API server does. */
export function parseLabelSelector(text: string): Requirement[] {
  const tokens = tokenise(text);
  const requirements: Requirement[] = [];
  let position = 0;
  if (tokens.length === 0) return requirements;
  for (;;) {
    requirements.push(readRequirement());
    const next = tokens[position];
    if (next === undefined) return requirements;
    if (next !== ',') throw refused(`found '${next}', expected: ',' or 'end of string'`);
    position += 1;
    if (tokens[position] === undefined) throw refused("found '', expected: identifier after ','");
  }

  function readRequirement(): Requirement {
    const negated = tokens[position] === '!';
    if (negated) position += 1;
    const key = tokens[position];
    if (key === undefined || /^[,()=!<>]/.test(key))
      throw refused(`found '${key ?? ''}', expected: !, identifier, or 'end of string'`);
    for (const fault of qualifiedNameFaults(key)) throw refused(`key: Invalid value: "${key}": ${fault}`);
    position += 1;
    if (negated) return { key, operator: 'absent', values: [] };
    return readOperator(key);
  }

  function readOperator(key: string): Requirement {
    const operator = tokens[position];
    if (operator === undefined || operator === ',') return { key, operator: 'exists', values: [] };
    position += 1;
    if (operator === '=' || operator === '==') return checked({ key, operator: 'in', values: [readValue()] });
    if (operator === '!=') return checked({ key, operator: 'notin', values: [readValue()] });
    if (operator === '>' || operator === '<') return readComparison(key, operator === '>' ? 'gt' : 'lt');
    if (operator === 'in' || operator === 'notin') return checked({ key, operator, values: readSet() });
    throw refused(`found '${operator}', expected: in, notin, =, ==, !=, gt, lt`);
  }

  function readComparison(key: string, operator: 'gt' | 'lt'): Requirement {
    const value = readValue();
    if (!/^-?\d+$/.test(value))
      throw refused(
        `values[0][${key}]: Invalid value: "${value}": for 'Gt', 'Lt' operators, the value must be an integer`,
      );
    return { key, operator, values: [value] };
  }

  /** A value may be missing: `a=` asks for the empty one. */
  function readValue(): string {
    const value = tokens[position];
    if (value === undefined || value === ',') return '';
    if (/^[()=!<>]/.test(value)) throw refused(`found '${value}', expected: identifier`);
    position += 1;
    return value;
  }

  function readSet(): string[] {
    if (tokens[position] !== '(') throw refused(`found '${tokens[position] ?? ''}', expected: '('`);
    position += 1;
    const values: string[] = [];
    for (;;) {
      values.push(readSetValue());
      const next = tokens[position];
      position += 1;
      if (next === ')') return values;
      if (next !== ',') throw refused(`found '${next ?? ''}', expected: ',', or ')'`);
    }
  }

  function readSetValue(): string {
    const value = tokens[position];
    if (value === undefined || value === ',' || value === ')') return '';
    position += 1;
    return value;
  }
}

function checked(requirement: Requirement): Requirement {
  requirement.values.forEach((value, index) => {
    const [fault] = labelValueFaults(value);
    if (fault) throw refused(`values[${index}][${requirement.key}]: Invalid value: "${value}": ${fault}`);
  });
  return requirement;
}

function tokenise(text: string): string[] {
  return text.match(/[(),]|==|!=|=|!|<|>|[^\s(),=!<>]+/g) ?? [];
}

function refused(detail: string): Error {
  return badRequest(`unable to parse requirement: ${detail}`);
}
