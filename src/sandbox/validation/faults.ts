import type { Cause } from '../api/status-error.ts';

/** Collects what is wrong with an object, each with its field's path, in the wording of the API server. */
export class Faults {
  readonly causes: Cause[] = [];

  invalid(field: string, value: unknown, detail: string): void {
    this.causes.push({
      reason: 'FieldValueInvalid',
      message: `Invalid value: ${JSON.stringify(value ?? null)}: ${detail}`,
      field,
    });
  }

  required(field: string, detail = ''): void {
    this.causes.push({
      reason: 'FieldValueRequired',
      message: detail ? `Required value: ${detail}` : 'Required value',
      field,
    });
  }

  forbidden(field: string, detail: string): void {
    this.causes.push({ reason: 'FieldValueForbidden', message: `Forbidden: ${detail}`, field });
  }

  notFound(field: string, value: unknown): void {
    this.causes.push({ reason: 'FieldValueNotFound', message: `Not found: ${JSON.stringify(value)}`, field });
  }

  duplicate(field: string, value: unknown): void {
    this.causes.push({ reason: 'FieldValueDuplicate', message: `Duplicate value: ${JSON.stringify(value)}`, field });
  }

  tooLong(field: string, most: number): void {
    this.causes.push({ reason: 'FieldValueTooLong', message: `Too long: may not be more than ${most} bytes`, field });
  }

  unsupported(field: string, value: unknown, supported: string[]): void {
    const list = supported.map((item) => `"${item}"`).join(', ');
    this.causes.push({
      reason: 'FieldValueNotSupported',
      message: `Unsupported value: ${JSON.stringify(value)}: supported values: ${list}`,
      field,
    });
  }
}
