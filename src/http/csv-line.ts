export type CsvValue = string | number | boolean | null;

/**
 * One line by RFC 4180. A text that a spreadsheet would calculate, rather than show, gets an apostrophe before it; so does
 * one that begins with an apostrophe, so that the first of a cell can always be taken off again.
 */
export function csvLine(values: readonly CsvValue[]): string {
  return `${values.map(cell).join(',')}\r\n`;
}

// Formulas begin so, also after blanks and in the wide signs of East Asian fonts.
const calculated = /^(?:[\s\u200b]*[=+\-@\uff1d\uff0b\uff0d\uff20]|[\t\r\n'])/;
// Some spreadsheets divide at semicolons and tabs as well.
const quoted = /[",;\t\r\n]|^\s|\s$/;

function cell(value: CsvValue): string {
  if (value === null) return '';
  if (typeof value !== 'string') return String(value);
  const text = calculated.test(value) ? `'${value}` : value;
  return quoted.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
