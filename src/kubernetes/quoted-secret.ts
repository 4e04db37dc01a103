import type { ApiRequest } from './api-request.ts';
import { isWrite } from './api-request.ts';

/** What a Status object says, as far as errors are made of it. */
export interface Status {
  message?: string;
  reason?: string;
  details?: {
    retryAfterSeconds?: number;
    causes?: { reason?: string; message?: string; field?: string }[];
  };
}

/** Whether the request is about Secrets, so that its answer holds their values. */
export function isAboutSecrets({ resource }: ApiRequest): boolean {
  return resource?.apiVersion === 'v1' && resource.plural === 'secrets';
}

/** Whether what was sent, or stood there before, is a Secret's data. */
export function carriesSecret(request: ApiRequest): boolean {
  return isWrite(request) && isAboutSecrets(request);
}

/**
 * The Status without whatever may quote a Secret's values, old or new: the words of admission webhooks and policies, and
 * the API server's own about a field that it does not take. Which field, and who refused, stays.
 */
export function withoutQuotes(status: Status | undefined, code: number): Status {
  const { details = {}, reason, message = '' } = status ?? {};
  const causes = details.causes?.map((cause) => ({
    ...(cause.reason === undefined ? {} : { reason: cause.reason }),
    ...(cause.field === undefined ? {} : { field: cause.field }),
  }));
  return {
    ...(reason === undefined ? {} : { reason }),
    message: wordsOf(message, code, causes?.flatMap(({ field }) => field ?? []) ?? []),
    details: { ...details, ...(causes ? { causes } : {}) },
  };
}

const leftOut = '(the rest is left out: it may quote a value)';

function wordsOf(message: string, code: number, fields: readonly string[]): string {
  const admission =
    /^(?:.*? )?(?:admission webhook "[^"]*"|ValidatingAdmissionPolicy '[^']*'(?: with binding '[^']*')?) denied (?:the )?request/s;
  const calling = /^.*?failed (?:calling|to call) webhook(?: "[^"]*")?/s;
  const refused = (admission.exec(message) ?? calling.exec(message))?.[0];
  if (refused) return `${refused} ${leftOut}`;
  if (message === '' || code === 400 || code === 422) {
    const which = fields.length > 0 ? `: ${fields.join(', ')}` : '';
    return `the API server answered ${code} to the Secret${which} ${leftOut}`;
  }
  return message;
}
